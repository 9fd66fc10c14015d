import type { Lesson, LessonRun } from '../lesson.ts';
import type { Runs } from '../lesson-runs.ts';
import { knowledgeAt, type Moment, momentsOf } from '../moments.ts';
import { askAll, type Score, type Seat, tellChange } from './score.ts';
import { showBytes, showConclusion, showIntro, showKnowledge, showMoment, showThink } from './screens.ts';

/** What a key means; the first of each is what the line of keys names. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  next: ['right', 'n', ' ', 'return', 'down'],
  back: ['left', 'b', 'p', 'up'],
  bytes: ['d'],
  knows: ['k'],
  questions: ['q'],
  change: ['c'],
  help: ['?', 'h'],
  leave: ['x', 'escape'],
};
const HELP = `
  → n space   one moment forward             ← b   one moment back
  d           the bytes of this event        k     who knows which secret by now
  q           the questions                  c     change something and see what follows
  ?           this help                      x     leave the lesson
`;
const LINE = '→ next  ← back  d bytes  k who knows  q questions  c change  ? keys  x leave';

const meaningOf = (key: string): string | undefined => Object.keys(KEYS).find(meaning => KEYS[meaning]?.includes(key));

/** A lesson at a keyboard: forward and back, questions and changes at any time. Undefined: the questions were not asked. */
export async function playByKeys(lesson: Lesson, number: number, runs: Runs, seat: Seat): Promise<Score | undefined> {
  return new Play(lesson, number, runs, seat, await runs.of()).play();
}

class Play {
  readonly #lesson: Lesson;
  readonly #number: number;
  readonly #runs: Runs;
  readonly #seat: Seat;
  readonly #own: LessonRun;
  readonly #moments: readonly Moment[];
  /** -1: the introduction. */
  #at = -1;
  #score: Score | undefined;
  #changed = false;

  constructor(lesson: Lesson, number: number, runs: Runs, seat: Seat, own: LessonRun) {
    this.#lesson = lesson;
    this.#number = number;
    this.#runs = runs;
    this.#seat = seat;
    this.#own = own;
    this.#moments = momentsOf(lesson, own);
  }

  async play(): Promise<Score | undefined> {
    this.#show();
    for (;;) {
      const key = await this.#seat.key?.();
      const meaning = key === undefined ? 'leave' : meaningOf(key);
      if (meaning === 'leave' || (meaning === 'next' && (await this.#forward()))) break;
      if (meaning === 'back') this.#back();
      if (meaning === 'bytes') this.#tell(this.#here ? showBytes(this.#here, this.#seat) : '  There are no bytes yet: → goes on.\n');
      if (meaning === 'knows') this.#tell(showKnowledge(knowledgeAt(this.#own, this.#here?.event.seq ?? -1), this.#seat));
      if (meaning === 'questions') await this.#ask();
      if (meaning === 'change') await this.#change();
      if (meaning === 'help') this.#tell(HELP);
    }
    this.#seat.say(showConclusion(this.#lesson, this.#seat));
    return this.#score;
  }

  get #here(): Moment | undefined {
    return this.#moments[this.#at];
  }

  /** Moments, then the questions, then changes; true at the end of all. */
  async #forward(): Promise<boolean> {
    if (this.#at < this.#moments.length - 1) {
      this.#at++;
      this.#show();
    } else if (!this.#score) await this.#ask();
    else if (!this.#changed) await this.#change();
    else return true;
    return false;
  }

  #back(): void {
    if (this.#at >= 0) this.#at--;
    this.#show();
  }

  #show(): void {
    const place = `${this.#at + 1} of ${this.#moments.length}`;
    this.#tell(this.#here ? showMoment(this.#here, place, this.#seat) : showIntro(this.#lesson, this.#number, this.#seat));
  }

  #tell(text: string): void {
    this.#seat.say(text);
    this.#seat.say(`${this.#seat.paint(LINE, 'quiet')}\n`);
  }

  async #ask(): Promise<void> {
    this.#score = await askAll(this.#lesson, this.#runs, this.#seat);
    this.#tell(`\n  ${this.#score.right} of ${this.#score.asked} right.\n`);
  }

  async #change(): Promise<void> {
    this.#changed = true;
    const { changes } = this.#lesson;
    this.#seat.say(`\n${changes.map(({ title }, i) => `  ${i + 1}) ${title}`).join('\n')}\n`);
    const typed = await this.#seat.line('  Which one? (a number; Enter: none) ');
    const change = changes[Number(typed?.trim() || Number.NaN) - 1];
    if (!change) return this.#tell('');
    this.#seat.say(showThink(change, this.#seat));
    await this.#seat.line('  Think, then press Enter: ');
    await tellChange(this.#runs, change, this.#seat);
    this.#tell('');
  }
}
