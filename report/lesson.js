import { byId } from './dom.js';
import { turnTheme } from './theme.js';

/** A page of `svm-sim learn --html`: steps through the stops, checks answers. Without it everything is there, one below the other. */

const all = (/** @type {string} */ selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
const stops = all('.stop');
let at = 0;

/** @param {number} n */
function goTo(n) {
  at = Math.max(0, Math.min(stops.length - 1, n));
  stops.forEach((stop, i) => {
    stop.hidden = i !== at;
  });
  const place = `${at + 1} of ${stops.length}`;
  byId('place').textContent = place;
  byId('said').textContent = `${place}: ${stops[at]?.querySelector('h3')?.textContent ?? ''}`;
  /** @type {HTMLButtonElement} */ (byId('back')).disabled = at === 0;
  /** @type {HTMLButtonElement} */ (byId('next')).disabled = at === stops.length - 1;
}

/** As in src/learn/answers.ts: case, blanks, an article, zeros behind 0x and a unit do not make an answer wrong. @param {string} text */
const plain = text =>
  text
    .trim()
    .toLowerCase()
    .replace(/^(the|a|an) /, '')
    .replace(/^0x0*(?=[0-9a-f])/, '0x')
    .replace(/^(\d+) ?(bytes?|pages?|messages?|commands?|digests?)$/, '$1')
    .replace(/^tpm2_/, '')
    .replace(/[\s`.]+/g, '');

/** Answers are not to be read by accident in the page's source. @param {string} coded */
const decoded = coded => new TextDecoder().decode(Uint8Array.from(atob(coded), char => char.charCodeAt(0)));

/** @param {HTMLFormElement} form @param {boolean} shown the answer is shown without one being given */
function judge(form, shown) {
  const given = String(new FormData(form).get('answer') ?? '');
  if (!shown && given.trim() === '') return;
  const right = decoded(form.dataset.right ?? '');
  const good = plain(given) === plain(right);
  const verdict = /** @type {HTMLElement} */ (form.querySelector('.verdict'));
  const said = shown ? `It is: ${right}` : good ? `Right: ${right}` : 'No. Try again, or look at the run.';
  verdict.className = `verdict ${shown ? '' : good ? 'right' : 'wrong'}`;
  verdict.replaceChildren();
  const strong = document.createElement('strong');
  strong.textContent = said;
  verdict.append(strong);
  if (good || shown) verdict.append(decoded(form.dataset.why ?? ''));
  verdict.hidden = false;
}

if (stops.length > 0) {
  byId('steps').hidden = false;
  byId('back').addEventListener('click', () => goTo(at - 1));
  byId('next').addEventListener('click', () => goTo(at + 1));
  goTo(0);
}
for (const form of /** @type {HTMLFormElement[]} */ (all('form.question'))) {
  form.addEventListener('submit', event => {
    event.preventDefault();
    judge(form, false);
  });
  form.querySelector('.show')?.addEventListener('click', () => judge(form, true));
}

byId('theme').addEventListener('click', turnTheme);

document.addEventListener('keydown', event => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches('input, select')) return;
  if (event.key === 'ArrowRight' || event.key === 'n') goTo(at + 1);
  else if (event.key === 'ArrowLeft' || event.key === 'b') goTo(at - 1);
  else if (event.key === 't') turnTheme();
  else return;
  event.preventDefault();
});
// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of /** @type {HTMLDetailsElement[]} */ (all('details'))) details.open = true;
});
