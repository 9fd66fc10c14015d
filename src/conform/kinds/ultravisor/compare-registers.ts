import { hex } from '../../../bytes/index.ts';
import { MSR, type Registers } from '../../../hcall/index.ts';
import type { Differences } from '../../played-case.ts';
import type { RecordedFrame } from './ultravisor-recording.ts';

const single = (frame: RecordedFrame, name: string): string | undefined => {
  const value = frame[name];
  return typeof value === 'string' ? value : undefined;
};

/** The recorded hypervisor is big-endian, so the bit is clear at its entry. */
const bigEndian = (msr: bigint): bigint => msr & ~MSR.LE;
const COOKIE = 'the cookie';
const CHANCE = 'by chance';

/** What the hypervisor finds in its registers: cookies and the one value that chance gives are left out. */
export function compareFrame(differences: Differences, at: string, expected: RecordedFrame, actual: Registers): void {
  const { spr } = actual;
  const cookie = actual.gpr[31];
  const recordedCookie = expected.gpr?.[31];
  const covered = (value: bigint): string => (value === cookie && value !== 0n ? COOKIE : hex(value));
  const found: Readonly<Record<string, string>> = {
    srr0: covered(actual.srr0),
    srr1: hex(actual.srr1),
    hsrr0: covered(actual.hsrr0),
    hsrr1: hex(actual.hsrr1),
    usrr0: hex(actual.pc),
    usrr1: hex(bigEndian(actual.msr)),
    cr: hex(actual.cr),
    xer: hex(actual.xer),
    ctr: hex(actual.ctr),
    lr: hex(actual.lr),
    pidr: hex(actual.pidr),
    lpidr: hex(actual.lpidr),
    lpcr: hex(spr.LPCR ?? 0n),
    dec: hex(spr.DEC ?? 0n),
    ...Object.fromEntries(
      ['DAR', 'DSISR', 'HDAR', 'HDSISR', 'ASDR', 'HEIR', 'HSPRG0', 'HSPRG1', 'CFAR'].map(name => [
        name.toLowerCase(),
        hex(spr[name] ?? 0n),
      ]),
    ),
  };
  for (const [name, value] of Object.entries(found)) {
    const recorded = single(expected, name);
    if (recorded !== undefined)
      differences.compare(`${at}.${name}`, recorded === recordedCookie && recorded !== '0x0' ? COOKIE : recorded, value);
  }
  if (!Array.isArray(expected.gpr)) return;
  for (const [n, value] of (expected.gpr as readonly string[]).entries()) {
    const mine = actual.gpr[n] ?? 0n;
    const [recorded, ours] = n === 0 ? [value === '0x0' ? value : CHANCE, mine === 0n ? '0x0' : CHANCE] : [value, hex(mine)];
    differences.compare(`${at}.gpr[${n}]`, n === 31 ? COOKIE : recorded, n === 31 ? covered(mine) : ours);
  }
}

/** What a guest finds in its own registers. */
export function compareSaved(differences: Differences, at: string, expected: RecordedFrame, actual: Registers): void {
  const found = {
    cr: actual.cr,
    xer: actual.xer,
    ctr: actual.ctr,
    lr: actual.lr,
    pidr: actual.pidr,
    lpidr: actual.lpidr,
    usrr0: actual.pc,
  };
  for (const [name, value] of Object.entries(found)) {
    const recorded = single(expected, name);
    if (recorded !== undefined) differences.compare(`${at}.${name}`, recorded, hex(value));
  }
  if (!Array.isArray(expected.gpr)) return;
  for (const [n, value] of (expected.gpr as readonly string[]).entries())
    differences.compare(`${at}.gpr[${n}]`, value, hex(actual.gpr[n] ?? 0n));
}
