// What the themes leave out for keyboards and screen readers, put in after the fact,
// so that no template of theirs has to be copied. Each step does nothing where the
// page is right already. docs/adr tells why; tests/browser holds the result.
"use strict";
{
  const ICON_NAMES = {
    dock_to_right: "Menu",
    close: "Close",
    more_horiz: "More actions",
    chevron_right: "Show or hide",
    unfold_more: "Your account",
  };

  const words = (element) => (element ? element.textContent.trim() : "");

  const labelAround = (control) => {
    const picture = control.labels && control.labels[0] && control.labels[0].querySelector("img");
    if (picture) {
      return picture.alt;
    }
    const box = control.closest(".form-row, .fieldBox, .field-row, td, .ss-field");
    const label = box && box.querySelector("label, legend");
    if (words(label)) {
      return words(label).replace(/:$/, "");
    }
    const cell = control.closest("td");
    const heading = cell && cell.closest("table").querySelectorAll("thead th")[cell.cellIndex];
    return words(heading) || control.name || "";
  };

  const hasName = (control) =>
    control.hasAttribute("aria-label") ||
    control.hasAttribute("aria-labelledby") ||
    (control.labels && Array.from(control.labels).some(words));

  // A search-by-typing box replaces its select and forgets the label.
  const nameAutocompletes = () => {
    for (const box of document.querySelectorAll('.select2-selection[role="combobox"]')) {
      if (box.dataset.isNamed) {
        continue;
      }
      const select = box.closest(".select2-container").previousElementSibling;
      const label = select && select.labels && words(select.labels[0]).replace(/:$/, "");
      const shown = box.getAttribute("aria-labelledby");
      box.setAttribute("aria-label", label || (select && labelAround(select)) || "Choose");
      // Its present value stays what is read after the name.
      box.removeAttribute("aria-labelledby");
      if (shown) {
        box.setAttribute("aria-describedby", shown);
      }
      for (const part of box.querySelectorAll('[role="textbox"]')) {
        part.removeAttribute("role");
        part.removeAttribute("aria-readonly");
      }
      box.dataset.isNamed = "1";
    }
    for (const field of document.querySelectorAll(".select2-search__field:not([aria-label])")) {
      field.setAttribute("aria-label", "Type to search");
    }
  };

  // Lines in a table have their labels only as the headings of the columns.
  const nameControls = () => {
    const controls = "#content input:not([type=hidden]), #content select, #content textarea";
    for (const control of document.querySelectorAll(controls)) {
      if (hasName(control)) {
        continue;
      }
      const label = labelAround(control);
      const isDate = control.classList.contains("vDateField");
      const isTime = control.classList.contains("vTimeField");
      const part = isDate ? ", date" : isTime ? ", time" : "";
      if (label) {
        control.setAttribute("aria-label", `${label}${part}`);
      }
    }
  };

  const nameEmptyHeadings = () => {
    for (const heading of document.querySelectorAll("thead th")) {
      if (!words(heading) && !heading.querySelector("input, [aria-label]")) {
        const text = document.createElement("span");
        text.className = "ss-hidden";
        text.textContent = heading.classList.contains("original") ? "Row" : "Delete";
        heading.append(text);
      }
    }
  };

  const markMainPart = () => {
    const main = document.getElementById("main");
    if (main && !document.querySelector('main, [role="main"]')) {
      main.setAttribute("role", "main");
    }
  };

  const nameScrollers = () => {
    document.querySelectorAll(".simplebar-content-wrapper").forEach((part, index) => {
      const inMenu = part.closest("#nav-sidebar") !== null;
      part.setAttribute("aria-label", inMenu ? "Menu" : `Scrolled part ${index + 1}`);
    });
  };

  const isReachable = (element) =>
    element.matches("a[href], button, input, select, textarea, [tabindex]");

  const makeButton = (element, label) => {
    element.setAttribute("role", "button");
    element.tabIndex = 0;
    if (label) {
      element.setAttribute("aria-label", label);
    }
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        element.click();
      }
    });
  };

  // The theme opens things by clicks on spans: keyboards must reach them too.
  const makeClickablesReachable = () => {
    const clickable = "#nav-sidebar [x-on\\:click], #header-inner [x-on\\:click], #changelist a[x-on\\:click]";
    for (const element of document.querySelectorAll(clickable)) {
      if (isReachable(element) || element.id === "changelist-filter-close") {
        continue;
      }
      if (element.tagName === "H2") {
        const arrow = element.querySelector("span:last-of-type");
        if (arrow && !isReachable(arrow)) {
          makeButton(arrow, `Show or hide ${words(element.firstChild)}`);
        }
      } else {
        const text = words(element);
        makeButton(element, ICON_NAMES[text] || (text.includes("unfold_more") ? "Your account" : ""));
      }
    }
  };

  const STOPS = "a[href], button, input:not([type=hidden]), select, textarea";

  // On a phone a wide table scrolls; with nothing in it to stop at, keys must move it.
  const makeTablesReachable = () => {
    for (const part of document.querySelectorAll(".inline-group")) {
      const isWide = part.scrollWidth > part.clientWidth;
      if (isWide && !part.querySelector(STOPS)) {
        part.tabIndex = 0;
        part.setAttribute("role", "region");
        part.setAttribute("aria-label", words(part.querySelector("h2")) || "Table");
      }
    }
  };

  const mend = () => {
    makeTablesReachable();
    markMainPart();
    nameAutocompletes();
    nameControls();
    nameEmptyHeadings();
    nameScrollers();
    makeClickablesReachable();
  };

  let isPlanned = false;
  const mendSoon = () => {
    if (!isPlanned) {
      isPlanned = true;
      requestAnimationFrame(() => {
        isPlanned = false;
        mend();
      });
    }
  };

  const start = () => {
    mend();
    new MutationObserver(mendSoon).observe(document.body, { childList: true, subtree: true });
  };

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
}
