import type { QmpAnswer } from '../../machine/index.ts';
import { launchQemu, type QemuBehaviour, type QemuHost, QemuMonitor, shellWords } from '../../machine/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordingKind } from '../recording-kind.ts';

interface RecordedMonitorStep {
  readonly hmp?: string;
  readonly output?: readonly string[];
  /** Only the lines that match were kept. */
  readonly linesMatching?: string;
  readonly qmp?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly return?: unknown;
  readonly error?: Extract<QmpAnswer, { error: unknown }>['error'];
}

/** What the real QEMU did with a command line. */
interface RecordedCommandLine {
  readonly name: string;
  readonly about?: string;
  readonly commandLine: string;
  readonly accepted: boolean;
  /** Absent when the machine came up. */
  readonly exitStatus?: number;
  readonly stdout?: readonly string[];
  readonly stderr: readonly string[];
  readonly monitor?: readonly RecordedMonitorStep[];
}

interface QemuCliRecording {
  readonly format: string;
  readonly cases: readonly RecordedCommandLine[];
}

export const qemuCommandLines: RecordingKind<QemuCliRecording> = {
  name: 'qemu-cli',
  about: 'Command lines of QEMU with TPM devices: an object with `format: "qemu-cli, ..."` and `cases`, each with `commandLine`',
  recognises: (json): json is QemuCliRecording => {
    if (typeof json !== 'object' || json === null || !('format' in json) || !('cases' in json)) return false;
    return typeof json.format === 'string' && json.format.startsWith('qemu-cli') && Array.isArray(json.cases);
  },
  async *play({ cases }, _file, wanted, { qemu }) {
    for (const recorded of cases) if (wanted(recorded.name)) yield playCommandLine(recorded, qemu.behaviour);
  },
};

const NO_SUCH_FILE = 'No such file or directory';

/** Hands the command line to the simulated QEMU; verdict, messages, exit status, and what the monitor says of TPM devices. */
export function playCommandLine(recorded: RecordedCommandLine, qemu: QemuBehaviour): PlayedCase {
  const { name, commandLine, accepted, exitStatus, stdout = [], stderr, monitor = [] } = recorded;
  const differences = new Differences();
  const launch = launchQemu(shellWords(commandLine), hostOf(recorded), qemu);
  differences.compare('accepted', accepted, launch.accepted);
  differences.compare('exitStatus', exitStatus ?? 'runs', launch.machine ? 'runs' : launch.exitStatus);
  differences.compare('stderr', stderr.join('\n'), launch.stderr.join('\n'));
  differences.compare('stdout', stdout.join('\n'), launch.machine ? '' : launch.stdout.join('\n'));
  if (launch.machine) {
    const simulated = new QemuMonitor(launch.machine);
    for (const [index, step] of monitor.entries()) compareStep(`monitor[${index}]`, step, simulated, differences);
  }
  return { name, differences: differences.all };
}

/** Sockets at which an swtpm listened, where the recorded message does not say otherwise. */
const SOCKETS = ['ctrl.sock', 'ctrl2.sock'];
const NO_TPM = ['/dev/null', '/dev/zero', 'plain'];
const DIRECTORIES = ['/dev'];

/** The recording machine had no TPM device. */
function hostOf({ stderr, about = '' }: RecordedCommandLine): QemuHost {
  const listens = !stderr.some(line => line.includes('Failed to connect'));
  const [, fault = null] = /an emulator at ctrl\.sock that fails: (\w+)/.exec(about) ?? [];
  return {
    connect: path => (listens && SOCKETS.includes(path) ? null : NO_SUCH_FILE),
    openTpm: path => (DIRECTORIES.includes(path) ? 'Is a directory' : NO_TPM.includes(path) ? { noTpm: true } : NO_SUCH_FILE),
    emulatorFault: () => fault as ReturnType<NonNullable<QemuHost['emulatorFault']>>,
  };
}

/** JSON with its keys in order: the order in which QEMU gave them was not kept. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function compareStep(field: string, step: RecordedMonitorStep, monitor: QemuMonitor, differences: Differences): void {
  if (step.hmp !== undefined) {
    const wanted = new RegExp(step.linesMatching ?? '');
    const lines = monitor.hmp(step.hmp).filter(line => wanted.test(line));
    differences.compare(`${field} ${step.hmp}`, (step.output ?? []).join('\n'), lines.join('\n'));
  }
  if (step.qmp === undefined) return;
  const expected = step.error === undefined ? { return: step.return } : { error: step.error };
  const actual = monitor.qmp(step.qmp, step.arguments);
  differences.compare(`${field} ${step.qmp}`, canonical(expected), canonical(actual));
}
