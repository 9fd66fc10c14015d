import { BOARDS, FRONTENDS, type Frontend } from '../src/frontends/index.ts';
import { pageOf, rows } from './markdown.ts';

const HEAD =
  "QEMU's TPM devices: how a guest reaches its TPM. Made by `npm run docs` from the records in `src/frontends/`. Values after reset are those over a TPM 2.0; offsets are in bytes, in each locality where there are several.";

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

export function frontendTables(): string {
  return pageOf(['# TPM devices', HEAD, boards(), ...FRONTENDS.map(section)]);
}

const boards = (): string =>
  rows(
    ['machine', 'architecture', 'devices', 'registers at', 'physical presence at', 'about'],
    Object.values(BOARDS).map(({ machine, arch, models, base, ppi, about }) => [
      `\`${machine}\``,
      arch,
      models.map(model => `\`${model}\``).join(', '),
      base === 0 ? 'none' : hex(base, 8),
      ppi === null ? 'none' : hex(ppi, 8),
      about,
    ]),
  );

function section({ model, bus, about, source, registers, localities }: Frontend): string {
  const shown = registers.filter(({ name, offset }) => registers.find(other => other.name === name)?.offset === offset);
  return pageOf([
    `## ${model}`,
    `${about} Bus: ${bus}. ${localities > 1 ? `Localities: ${localities}. ` : ''}Source: ${source}.`,
    rows(
      ['register', 'offset', 'bytes', 'after reset', 'written by', 'effect', 'fields'],
      shown.map(({ name, offset, bytes, reset, writer, effect, bits = {} }) => [
        `\`${name}\``,
        hex(offset, 3),
        String(bytes * registers.filter(other => other.name === name).length),
        hex(reset, 2 * bytes),
        writer,
        effect,
        Object.entries(bits)
          .map(([field, [bit, width]]) => `${field} ${width === 1 ? bit : `${bit + width - 1}:${bit}`}`)
          .join(', '),
      ]),
    ),
  ]).trimEnd();
}
