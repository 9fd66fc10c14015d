/** What is right, and why. With `wrong`, all are offered to choose from; without, the answer is typed. */
export interface Answer {
  readonly right: string;
  readonly wrong?: readonly string[];
  readonly why: string;
}

/** The choices of a question in an order that says nothing: by the alphabet, numbers by size. Null: the answer is typed. */
export function choicesOf({ right, wrong }: Answer): readonly string[] | null {
  if (!wrong) return null;
  const choices = [...new Set([right, ...wrong])];
  return choices.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Whether what was typed is right: the answer itself, or the number of the choice. */
export function isRight(answer: Answer, typed: string): boolean {
  const said = plain(typed);
  if (said === '') return false;
  const choices = choicesOf(answer);
  if (choices && /^\d+$/.test(said) && !choices.includes(typed.trim())) return choices[Number(said) - 1] === answer.right;
  return saysTheSame(typed, answer.right);
}

/** Whether two answers are one: case, blanks, an article, `0x` with zeros behind and a unit make no difference. */
export const saysTheSame = (one: string, other: string): boolean => plain(one) === plain(other);

const plain = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/^(the|a|an) /, '')
    .replace(/^0x0*(?=[0-9a-f])/, '0x')
    .replace(/^(\d+) ?(bytes?|pages?|messages?|commands?|digests?)$/, '$1')
    .replace(/^tpm2_/, '')
    .replace(/[\s`.]+/g, '');
