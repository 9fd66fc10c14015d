import type { Change, LessonRun, ScenarioData } from '../lesson.ts';

/** A host whose TPM holds a given wrapping key, and a guest whose ESM blob the real svm-tool made. */
export const RECORDED: ScenarioData = { include: '_base.yaml' };

export const BOOT = { do: 'boot' };
export const START = { do: 'start' };
export const ENTER = { do: 'enter-secure-mode' };
export const READ = { do: 'get-file', file: 'rootd' };

/** The guest of a blob that its owner makes in the run, for the host that is booted by then. */
export const madeHere = (recipients: readonly unknown[] = [{ host: 'host' }], over: ScenarioData = {}): ScenarioData => ({
  guests: [
    {
      name: 'vm',
      lpid: 1,
      memory: '512 MiB',
      kernel: '../observed/esm/02-three-recipients/kernel.bin',
      initrd: '../observed/esm/02-three-recipients/initrd.img',
      bootargs: 'root=/dev/mapper/root ro svm=on',
      esm: { recipe: { recipients, attachments: [{ name: 'rootd', contents: { text: 'correct horse battery staple' } }] } },
      ...over,
    },
  ],
});

/** All keys, nonces and passwords of the simulator come from a seed. */
export const otherSeed = (think: string, follows: Change['follows']): Change => ({
  name: 'seed',
  title: 'Roll the dice again: another seed',
  think,
  seed: 'another one',
  follows,
});

/** The sentence in which a failed step says why. */
export const why = ({ report }: LessonRun): string => report.steps.find(({ ok }) => !ok)?.why?.sentence ?? 'Every step came out as before.';
