import { saysTheSame } from '../src/learn/answers.ts';
import { turnTheme } from './controls/theme.ts';
import { toBytes } from './data/encodings.ts';
import { byId, el } from './parts/dom.ts';

/** A page of `svm-sim learn --html`: steps through the stops, checks answers. Without it everything is there, one below the other. */

const all = <E extends HTMLElement>(selector: string): readonly E[] => [...document.querySelectorAll<E>(selector)];
const stops = all('.stop');
let at = 0;

function goTo(n: number): void {
  at = Math.max(0, Math.min(stops.length - 1, n));
  stops.forEach((stop, i) => {
    stop.hidden = i !== at;
  });
  const place = `${at + 1} of ${stops.length}`;
  byId('place').textContent = place;
  byId('said').textContent = `${place}: ${stops[at]?.querySelector('h3')?.textContent ?? ''}`;
  byId('back').toggleAttribute('disabled', at === 0);
  byId('next').toggleAttribute('disabled', at === stops.length - 1);
}

/** Answers are not to be read by accident in the page's source. */
const decoded = (coded = ''): string => new TextDecoder().decode(toBytes(coded));

/** Judges what was answered; `shown`: the answer is shown without one being given. */
function judge(form: HTMLFormElement, shown: boolean): void {
  const answer = new FormData(form).get('answer');
  const given = typeof answer === 'string' ? answer : '';
  const verdict = form.querySelector<HTMLElement>('.verdict');
  if (!verdict || (!shown && given.trim() === '')) return;
  const right = decoded(form.dataset.right);
  const good = saysTheSame(given, right);
  const said = shown ? `It is: ${right}` : good ? `Right: ${right}` : 'No. Try again, or look at the run.';
  verdict.className = `verdict ${shown ? '' : good ? 'right' : 'wrong'}`;
  verdict.replaceChildren(el('strong', {}, said), good || shown ? decoded(form.dataset.why) : '');
  verdict.hidden = false;
}

if (stops.length > 0) {
  byId('steps').hidden = false;
  byId('back').addEventListener('click', () => goTo(at - 1));
  byId('next').addEventListener('click', () => goTo(at + 1));
  goTo(0);
}
for (const form of all<HTMLFormElement>('form.question')) {
  form.addEventListener('submit', event => {
    event.preventDefault();
    judge(form, false);
  });
  form.querySelector('.show')?.addEventListener('click', () => judge(form, true));
}

byId('theme').addEventListener('click', turnTheme);

document.addEventListener('keydown', event => {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || (target instanceof Element && target.matches('input, select'))) return;
  if (event.key === 't') turnTheme();
  else if (stops.length === 0) return;
  else if (event.key === 'ArrowRight' || event.key === 'n') goTo(at + 1);
  else if (event.key === 'ArrowLeft' || event.key === 'b') goTo(at - 1);
  else return;
  event.preventDefault();
});
// On paper everything is open.
addEventListener('beforeprint', () => {
  for (const details of all<HTMLDetailsElement>('details')) details.open = true;
});
