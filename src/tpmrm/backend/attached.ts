import { getU32 } from '../../bytes/index.ts';
import { type Address, addressText, type MssimName, mssimRequest } from '../../protocols/index.ts';
import { type Backend, BackendError } from './backend.ts';
import { firstContact, openLink, Reconnecting } from './connect.ts';
import { exactly, tpmResponse } from './link.ts';
import { StreamBackend } from './stream-backend.ts';
import { SwtpmControl } from './swtpm-control.ts';

/** An swtpm that somebody else runs: `data` its server socket, `control` its control socket if it is known. */
export class AttachedSwtpm extends StreamBackend {
  readonly #data: Reconnecting;
  readonly #controlLink: Reconnecting | null;
  readonly control: SwtpmControl | null;

  private constructor(name: string, data: Reconnecting, control: Reconnecting | null, timeoutMs: number) {
    super(name, () => data.link(), timeoutMs);
    this.#data = data;
    this.#controlLink = control;
    this.control = control && new SwtpmControl(() => control.link(), timeoutMs);
  }

  /** @throws {SimulatorError} `tpmrm.unreachable`. */
  static async attach(data: Address, control: Address | null, timeoutMs: number): Promise<AttachedSwtpm> {
    const name = `swtpm at ${addressText(data)}`;
    const link = new Reconnecting(() => openLink(data, name, timeoutMs));
    const controlLink = control && new Reconnecting(() => openLink(control, `${name} (control)`, timeoutMs));
    const server = 'path' in data ? `type=unixio,path=${data.path}` : `type=tcp,port=${data.port}`;
    const hint = `Start one: swtpm socket --tpm2 --tpmstate dir=DIR --server ${server} --flags not-need-init,startup-clear`;
    await firstContact(`no ${name}`, hint, () => link.link());
    return new AttachedSwtpm(name, link, controlLink, timeoutMs);
  }

  async reset(): Promise<void> {
    const { control } = this;
    if (!control) throw new BackendError('dead', `${this.name} has no control channel that is known here: it cannot be reset`);
    await this.exclusive(async () => {
      await control.stop();
      await control.init();
    });
  }

  override async close(): Promise<void> {
    this.#data.close();
    this.#controlLink?.close();
  }
}

type SwitchName = Extract<MssimName, `SIGNAL_${'POWER' | 'NV'}_${'ON' | 'OFF'}`>;

/** The "Microsoft simulator" protocol: commands on a port, switches on the next (docs/reference/tpm.md#protocol-of-the-simulator). */
export class Mssim extends StreamBackend implements Backend {
  readonly #commands: Reconnecting;
  readonly #platform: Reconnecting;

  private constructor(name: string, commands: Reconnecting, platform: Reconnecting, timeoutMs: number) {
    super(name, () => commands.link(), timeoutMs);
    this.#commands = commands;
    this.#platform = platform;
  }

  /** @throws {SimulatorError} `tpmrm.unreachable`. */
  static async attach(host: string, port: number, timeoutMs: number): Promise<Mssim> {
    const name = `mssim at ${host}:${port}`;
    const commands = new Reconnecting(() => openLink({ host, port }, name, timeoutMs));
    const platform = new Reconnecting(() => openLink({ host, port: port + 1 }, `${name} (platform)`, timeoutMs));
    const mssim = new Mssim(name, commands, platform, timeoutMs);
    await firstContact(`no ${name}`, 'Start a TPM simulator that listens there and on the next port.', async () => {
      await commands.link();
      await mssim.#switches('SIGNAL_POWER_ON', 'SIGNAL_NV_ON'); // what tpm2-tools send; a TPM that is on ignores it
    });
    return mssim;
  }

  override transmit(command: Uint8Array): Promise<Uint8Array> {
    return this.exclusive(async () => {
      const link = await this.#commands.link();
      const request = mssimRequest('SEND_COMMAND', { locality: 0, data: command });
      const answer = await link.request(request, received => tpmResponse(received, 4, 4), this.timeoutMs);
      if (getU32(answer, 0) !== answer.length - 8) throw new BackendError('garbage', `${this.name}: two sizes that differ`);
      return answer.slice(4, -4);
    });
  }

  reset(): Promise<void> {
    return this.exclusive(() => this.#switches('SIGNAL_POWER_OFF', 'SIGNAL_POWER_ON', 'SIGNAL_NV_ON'));
  }

  async #switches(...names: readonly SwitchName[]): Promise<void> {
    const link = await this.#platform.link();
    for (const name of names) {
      const result = getU32(await link.request(mssimRequest(name, {}), exactly(4), this.timeoutMs), 0);
      if (result !== 0) throw new BackendError('garbage', `${this.name} refuses ${name}: ${result}`);
    }
  }

  override async close(): Promise<void> {
    this.#commands.close();
    this.#platform.close();
  }
}
