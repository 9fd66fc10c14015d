import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** `svm-sim tpm serve` as a process of its own. */
export class ServeProcess {
  readonly child: ChildProcess;
  said = '';
  readonly ended: Promise<number | null>;

  private constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'tpm', 'serve', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', chunk => {
        this.said += chunk;
      });
    this.ended = new Promise(resolve => this.child.once('close', status => resolve(status)));
  }

  /** It listens when this returns. */
  static async start(...args: readonly string[]): Promise<ServeProcess> {
    const serving = new ServeProcess(args);
    const over = serving.ended.then(() => Promise.reject(new Error(`tpm serve ended: ${serving.said}`)));
    over.catch(() => {});
    const listens = new Promise<void>(resolve => {
      serving.child.stdout?.on('data', () => {
        if (serving.said.includes('Ctrl-C ends it.')) resolve();
      });
    });
    await Promise.race([listens, over]);
    return serving;
  }

  /** The port of the data channel. */
  get port(): number {
    return Number(/commands on tcp:127\.0\.0\.1:(\d+)/.exec(this.said)?.[1]);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}
