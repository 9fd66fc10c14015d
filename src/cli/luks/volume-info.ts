import { describeKdf, fileSource, type Keyslot, type LuksVolume, readLuks } from '../../svm/luks/index.ts';
import { type Paint, painter, toJson } from '../../trace/index.ts';
import { EXIT, type Io } from '../io.ts';
import type { InfoFlags } from './flags.ts';

/** `luks info`: the header as a person wants to see it, or as JSON. */
export async function info(file: string, { json }: InfoFlags, io: Io): Promise<number> {
  const image = fileSource(file);
  try {
    const { image: _, ...header } = readLuks(image);
    io.out(json ? `${JSON.stringify(toJson({ file, ...header }), null, 2)}\n` : show(file, header, painter(io.colors)));
    return EXIT.held;
  } finally {
    image.close();
  }
}

function show(file: string, volume: Omit<LuksVolume, 'image'>, paint: Paint): string {
  const { version, uuid, label, subsystem, keyslots, segment, digest, header, notices } = volume;
  const lines = [
    `${paint(file, 'heading')}: LUKS${version}`,
    `  UUID       ${uuid}`,
    ...(label ? [`  label      ${label}`] : []),
    ...(subsystem ? [`  subsystem  ${subsystem}`] : []),
    `  header     ${header.which}, ${header.size} bytes at byte ${header.offset}`,
    `  payload    ${segment.size} bytes at byte ${segment.offset}, ${segment.cipher}, sectors of ${segment.sectorBytes} bytes`,
    `  digest     pbkdf2-${digest.hash}, ${digest.iterations} iterations`,
    '',
    paint('Key slots, in the order in which they are tried', 'heading'),
    ...keyslots.map(slot => `  ${slot.number}: ${describeKdf(slot.kdf)}; ${areaOf(slot)}${remarks(slot, digest.keyslots)}`),
    ...(keyslots.length === 0 ? ['  none: nothing opens this volume'] : []),
    ...(notices.length > 0 ? ['', paint('Note', 'heading')] : []),
    ...notices.map(({ offset, text }) => `  ${paint(`byte ${offset}: ${text}`, 'bad')}`),
  ];
  return `${lines.join('\n')}\n`;
}

const areaOf = ({ keyBytes, stripes, area }: Keyslot): string =>
  `a key of ${keyBytes * 8} bits in ${stripes} stripes (${area.cipher}) at bytes ${area.offset} to ${area.offset + area.size}`;

function remarks({ number, priority, problem }: Keyslot, bound: readonly number[]): string {
  const said = [
    ...(priority === 'normal' ? [] : [`priority ${priority}`]),
    ...(bound.includes(number) ? [] : ['unbound']),
    ...(problem === undefined ? [] : [problem]),
  ];
  return said.length > 0 ? ` (${said.join('; ')})` : '';
}
