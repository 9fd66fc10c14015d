import { launchQemu, type QemuHost, QemuMonitor, shellWords } from '../../machine/index.ts';
import { Differences, type PlayedCase } from '../played-case.ts';
import type { RecordedCommandLine, RecordedMonitorStep } from './qemu-cli-recording.ts';

const NO_SUCH_FILE = 'No such file or directory';

/** Hands the command line to the simulated QEMU; verdict, messages, exit status, and what the monitor says of TPM devices. */
export function playCommandLine(recorded: RecordedCommandLine): PlayedCase {
  const { name, commandLine, accepted, exitStatus, stdout = [], stderr, monitor = [] } = recorded;
  const differences = new Differences();
  const launch = launchQemu(shellWords(commandLine), hostOf(recorded));
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

/** The recording machine had no TPM device; an swtpm listened on ctrl.sock except where the recorded message says otherwise. */
function hostOf({ stderr }: RecordedCommandLine): QemuHost {
  const listens = !stderr.some(line => line.includes('Failed to connect'));
  return { connect: path => (listens && path === 'ctrl.sock' ? null : NO_SUCH_FILE), openTpm: () => NO_SUCH_FILE };
}

function compareStep(field: string, step: RecordedMonitorStep, monitor: QemuMonitor, differences: Differences): void {
  if (step.hmp !== undefined) {
    const wanted = new RegExp(step.linesMatching ?? '');
    const lines = monitor.hmp(step.hmp).filter(line => wanted.test(line));
    differences.compare(`${field} ${step.hmp}`, (step.output ?? []).join('\n'), lines.join('\n'));
  }
  if (step.qmp === undefined) return;
  const expected = step.error === undefined ? { return: step.return } : { error: step.error };
  const actual = monitor.qmp(step.qmp, step.arguments);
  differences.compare(`${field} ${step.qmp}`, JSON.stringify(expected), JSON.stringify(actual));
}
