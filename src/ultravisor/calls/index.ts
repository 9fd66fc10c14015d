import * as guest from './guest.ts';
import * as pages from './pages.ts';
import * as platform from './platform.ts';
import * as sharing from './sharing.ts';
import { type AnyUltracall, ultracallTable } from './ultracall.ts';

/** Every ultracall that is there, by number: dispatch, trace, `svm-sim calls`, documentation and tests read it. */
export const ultracalls: ReadonlyMap<number, AnyUltracall> = ultracallTable({ ...guest, ...pages, ...platform, ...sharing });
