import picocolors from 'picocolors';
import type { Tone } from '../event/kind-record.ts';

export type Paint = (text: string, tone: Tone | undefined) => string;

/** Colours for a terminal that shows them, or none at all. */
export function painter(colors: boolean): Paint {
  const c = picocolors.createColors(colors);
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    plain: text => text,
    good: c.green,
    bad: c.red,
    key: c.yellow,
    quiet: c.dim,
    heading: c.bold,
  };
  return (text, tone) => (text && tone ? tones[tone](text) : text);
}
