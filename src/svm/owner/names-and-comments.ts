import { SimulatorError } from '../../sim/index.ts';

/** esm.py's rule for the node name of an attachment. */
const NAME = /^[A-Za-z][0-9A-Za-z,._+-]{0,30}$/;

/** @throws {SimulatorError} `esm.bad-name` */
export function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new SimulatorError('esm.bad-name', {
    what: `${JSON.stringify(name)} cannot be the name of an attachment`,
    hint: 'A letter, then up to 30 letters, digits or any of , . _ + - (the guest asks for rootd or crypttab).',
  });
}

/** Comments lie NUL-terminated and readable in the blob. @throws {SimulatorError} `esm.bad-comment` */
export function checkedComment(comment: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (!/[\u0000\r\n]/.test(comment)) return comment;
  throw new SimulatorError('esm.bad-comment', { what: 'a comment cannot hold a NUL or a line end' });
}
