/**
 * An element with attributes and children; `on…` attributes are listeners, false and undefined ones are left out.
 * @param {string} name
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string | null | undefined | false)} children
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'style') element.style.cssText = value;
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child || child === '') element.append(child);
  return element;
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** @param {string} id */
export const inputById = id => /** @type {HTMLInputElement} */ (byId(id));

/** Text for screen readers only. @param {string} text */
export const forReaders = text => el('span', { class: 'sr' }, text);

/** `1 event`, `2 events`. @param {number} n @param {string} what */
export const countOf = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Virtual time. @param {number} microseconds */
export const showMs = microseconds => `${(microseconds / 1000).toFixed(3)} ms`;
