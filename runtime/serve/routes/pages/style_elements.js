/**
 * Lets xterm.js style itself under a Content-Security-Policy without 'unsafe-inline' for sheets.
 *
 * Its DOM renderer creates <style> elements and sets their textContent, which such a policy blocks.
 * A constructed sheet is allowed, as no text of the document can become one. So the text of every
 * <style> element that a script creates is put into a constructed sheet of its own instead, until
 * the element is removed. Call it once, before the terminal is opened.
 */
export function adoptStyleElements() {
  const create = document.createElement;
  document.createElement = (
    /** @type {string} */ name,
    /** @type {ElementCreationOptions | undefined} */ options,
  ) => {
    const element = create.call(document, name, options);
    if (element instanceof HTMLStyleElement) adopt(element);
    return element;
  };
}

/** @param {HTMLStyleElement} element */
function adopt(element) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", {
    set: (text) => sheet.replaceSync(text),
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    HTMLStyleElement.prototype.remove.call(element);
  };
}
