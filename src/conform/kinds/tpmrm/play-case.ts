import { type ChosenGeneration, chooseGeneration } from '../../../machine/index.ts';
import { Clock, Random } from '../../../sim/index.ts';
import { Tpm } from '../../../tpm/index.ts';
import { type Backend, embeddedBackend, TpmChip } from '../../../tpmrm/index.ts';
import type { Difference, PlayedCase } from '../../played-case.ts';
import type { RecordingKind } from '../../recording-kind.ts';
import type { CaseDevices } from './case-devices.ts';
import { hasTraffic, isTpmrmRecording, type RecordedCase, type RecordedStep, type Recording } from './case-recording.ts';
import { observedCase } from './observed-case.ts';
import { RECORDED_COMMANDS } from './recorded-commands.ts';
import { RepeatedTpm } from './repeated-tpm.ts';
import { ScriptedTpm } from './scripted-tpm.ts';
import { Player } from './step-player.ts';

/** The kernel and the TPM under it. */
type PlayedOn = Pick<ChosenGeneration, 'linux' | 'libtpms'>;
const BASE = chooseGeneration();

export const tpmrmCases: RecordingKind<Recording> = {
  name: 'tpmrm',
  about: "Linux's TPM resource manager: an object with `cases`, each with `steps` on /dev/tpmrm0 or /dev/tpm0",
  recognises: isTpmrmRecording,
  async *play(recording, _file, wanted, generation) {
    // Without what the kernel sent to its TPM (`--record` cannot see that), the TPM that is built in stands behind the devices.
    const play = hasTraffic(recording) ? playScripted : playEmbedded;
    for (const recorded of recording.cases) if (wanted(recorded.name)) yield play(recorded, generation);
  },
};

/** Steps that run at the same time, in the order in which they begin. */
interface Together {
  readonly steps: readonly { readonly step: RecordedStep; readonly index: number }[];
  readonly last: number;
}

function groups(steps: readonly RecordedStep[]): readonly Together[] {
  const all: Together[] = [];
  for (let index = 0; index < steps.length; index++) {
    const here = { step: steps[index] as RecordedStep, index };
    const following = { step: steps[index + 1], index: index + 1 };
    const pair = [here, following as typeof here];
    if (following.step?.about?.startsWith('begun before')) all.push({ steps: pair.toReversed(), last: ++index });
    else if (here.step.parallel && following.step?.parallel) all.push({ steps: pair, last: ++index });
    else all.push({ steps: [here], last: index });
  }
  return all;
}

/**
 * Plays a case with a TPM that demands the recorded traffic: results, responses, what reached the TPM and the kernel's log must
 * match byte for byte.
 */
export async function playScripted(recorded: RecordedCase, { linux }: PlayedOn = BASE): Promise<PlayedCase> {
  const tpm = new ScriptedTpm(recorded);
  let log: string[] = [];
  const chip = new TpmChip({ backend: tpm, clock: new Clock(), log: line => log.push(line), linux: linux.behaviour });
  await chip.start(RECORDED_COMMANDS);
  const player = new Player(chip, { live: false });
  const logged: Difference[] = [];
  for (const { steps, last } of groups(recorded.steps)) {
    const repeats = steps.map(({ step }) => step).filter(({ op }) => op === 'repeat');
    tpm.repeated = repeats.length > 0 ? new RepeatedTpm(recorded, last, repeats) : null;
    log = [];
    await Promise.all(steps.map(({ step, index }) => player.play(step, index)));
    // With O_NONBLOCK the write's traffic is recorded at the step after it.
    if (!steps.some(({ step }) => step.op === 'write' && isNonblocking(recorded, step.space))) tpm.expectPlayed(last);
    const expected = steps.flatMap(({ step }) => step.kernelLog ?? []).join('\n');
    if (log.join('\n') !== expected) logged.push({ field: `steps[${last}].kernelLog`, expected, actual: log.join('\n') });
  }
  return result(recorded, [...player.differences, ...tpm.differences, ...logged]);
}

function isNonblocking({ steps }: RecordedCase, space: string): boolean {
  return steps.some(step => step.op === 'open' && step.space === space && step.flags?.includes('O_NONBLOCK'));
}

/**
 * Plays a case with a real or simulated TPM, which must be started, empty, with empty authorization values. Bytes that differ
 * from TPM to TPM are not compared. Closes what it opened, and not the backend.
 */
export async function playLive(recorded: RecordedCase, backend: Backend, { linux }: PlayedOn = BASE): Promise<PlayedCase> {
  return (await playOn(recorded, new TpmChip({ backend, clock: new Clock(), linux: linux.behaviour }))).played;
}

/** The same on any devices, those of a real kernel too; and the case as it was observed there. */
export async function playOn(
  recorded: RecordedCase,
  devices: CaseDevices,
): Promise<{ readonly played: PlayedCase; readonly observed: RecordedCase }> {
  const player = new Player(devices, { live: true, once: recorded.runs < 2 });
  for (const { steps } of groups(recorded.steps)) {
    await Promise.all(steps.map(({ step, index }) => player.play(step, index)));
  }
  await player.closeAll();
  return { played: result(recorded, player.differences), observed: observedCase(recorded, player.outcomes) };
}

const STARTUP_CLEAR = Uint8Array.of(0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0);

/** The same with a new TPM of our own. */
function playEmbedded(recorded: RecordedCase, generation: PlayedOn): Promise<PlayedCase> {
  const tpm = new Tpm({ random: new Random(`case ${recorded.name}`), clock: new Clock(), version: generation.libtpms });
  tpm.execute(STARTUP_CLEAR);
  return playLive(recorded, embeddedBackend(tpm), generation);
}

const result = ({ name, about }: RecordedCase, differences: readonly Difference[]): PlayedCase => ({
  name,
  about,
  differences,
});
