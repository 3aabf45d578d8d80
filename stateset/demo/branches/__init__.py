"""A company of many branches: one is lived through, the rest are written like it.

``tables`` says which tables each branch has rows of its own in, ``reading`` turns what
the lived one left into lines with gaps, ``varying`` fills the gaps for each branch,
``writing`` brings the lines into the database, ``flow`` does all of it in order. See
docs/adr/a-big-demo-company-is-one-branch-many-times.md.
"""
