type Child = Node | string | null | undefined | false;
type Listener = (event: Event) => unknown;
/** `on…`: listeners; without what is false, null or undefined. */
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined | Listener>>;

/** An element with attributes and children; empty ones of both are left out. */
export function el<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (typeof value === 'function') element.addEventListener(key.slice(2), value);
    // The page's policy allows no attribute `style`; what a script sets is no attribute.
    else if (key === 'style') element.style.cssText = String(value);
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  for (const child of children) if (child || child === '') element.append(child);
  return element;
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** The same, of a kind that has more to it. */
export function theInput(id: string): HTMLInputElement {
  const element = byId(id);
  if (!(element instanceof HTMLInputElement)) throw new Error(`#${id} is no input`);
  return element;
}

/** Text for screen readers only. */
export const forReaders = (text: string): HTMLElement => el('span', { class: 'sr' }, text);

/** A table of rows. */
export const table = (head: HTMLElement | null, rows: readonly HTMLElement[], caption: HTMLElement | null = null): HTMLElement =>
  el('table', {}, caption, head && el('thead', {}, head), el('tbody', {}, ...rows));
