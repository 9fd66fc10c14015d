import { SimulatorError } from '../../sim/index.ts';
import type { TextPlace } from './xml.ts';

/** How libvirt begins the message of an error of this kind (libvirt src/util/virerror.c). */
const BEGINNING = {
  'domain.xml-error': 'XML error: ',
  'domain.unsupported': 'unsupported configuration: ',
  'domain.internal': 'internal error: ',
  'domain.device': '',
} as const;

/** Makes a refusal in libvirt's words; `hint` is ours. */
export type Refuse = (code: keyof typeof BEGINNING, at: TextPlace, message: string, hint?: string) => SimulatorError;

export const refuserOf =
  (file: string): Refuse =>
  (code, { line, column }, message, hint) =>
    new SimulatorError(code, {
      where: `${file}:${line}:${column}`,
      what: BEGINNING[code] + message,
      ...(hint === undefined ? {} : { hint }),
      ...(code === 'domain.device' ? { blame: 'environment' as const } : {}),
    });
