// Keys and a warning, in both themes, without inline code:
// "/" goes to the search box, Ctrl+S (or Cmd+S) saves, leaving a changed form asks.
"use strict";
{
  const editable = "input, textarea, select, [contenteditable]";

  const isTyping = (target) =>
    target instanceof Element && target.closest(editable) !== null;

  const findSaveButton = () =>
    document.querySelector('[name="_continue"], .ss-main') ||
    document.querySelector('[name="_save"]');

  document.addEventListener("keydown", (event) => {
    const isSave = event.key === "s" && (event.ctrlKey || event.metaKey);
    if (isSave && !event.altKey && !event.shiftKey) {
      const button = findSaveButton();
      if (button instanceof HTMLButtonElement || button instanceof HTMLInputElement) {
        event.preventDefault();
        button.click();
      }
      return;
    }
    if (event.key === "/" && !event.ctrlKey && !isTyping(event.target)) {
      const box = document.querySelector("#searchbar, #ss-find");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    }
  });

  const warnOfUnsavedChanges = (form) => {
    let isChanged = false;
    const noteChange = () => {
      isChanged = true;
    };
    form.addEventListener("input", noteChange);
    form.addEventListener("change", noteChange);
    form.addEventListener("submit", () => {
      isChanged = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isChanged) {
        event.preventDefault();
        // Chrome before 119 asks only if this is set.
        event.returnValue = "";
      }
    });
  };

  // Autocomplete boxes speak through jQuery, whose events the page can't hear.
  const hearAutocompletes = (form) => {
    const jQuery = window.django && window.django.jQuery;
    if (jQuery) {
      jQuery(form).on("select2:select select2:unselect", () => {
        form.dispatchEvent(new Event("change"));
      });
    }
  };

  // The first click that sends a form is enough.
  const sendOnce = (form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.isSent) {
        event.preventDefault();
      } else if (!event.defaultPrevented) {
        form.dataset.isSent = "1";
      }
    });
    window.addEventListener("pageshow", () => {
      delete form.dataset.isSent;
    });
  };

  const prepare = () => {
    const form = document.querySelector(".change-form #content-main form");
    if (form) {
      warnOfUnsavedChanges(form);
      hearAutocompletes(form);
      sendOnce(form);
    }
    document.querySelectorAll(".ss-form").forEach(sendOnce);
  };

  // The theme's script takes every file box for one of its own, and fails on ours.
  const keepFromTheme = (event) => {
    if (event.target.matches(".ss-form input[type=file]")) {
      event.stopPropagation();
    }
  };
  document.addEventListener("change", keepFromTheme, { capture: true });

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", prepare);
  } else {
    prepare();
  }
}
