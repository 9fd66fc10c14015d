import type { Lesson } from '../lesson.ts';
import { attacks } from './attacks.ts';
import { digests } from './digests.ts';
import { disk } from './disk.ts';
import { hypervisorView } from './hypervisor-view.ts';
import { policies } from './policies.ts';
import { session } from './session.ts';
import { tpmObject } from './tpm-object.ts';
import { transition } from './transition.ts';
import { weaknesses } from './weaknesses.ts';
import { wrapping } from './wrapping.ts';

/** In the order in which they build on each other. */
export const lessons: readonly Lesson[] = [
  tpmObject,
  wrapping,
  policies,
  session,
  hypervisorView,
  transition,
  digests,
  disk,
  attacks,
  weaknesses,
];
