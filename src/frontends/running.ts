import type { FrontendBackend, TpmAnswer, TpmCommand } from './backend/backend.ts';

/** The one command that a frontend may have with its TPM. The TPM works beside the guest: the answer comes when it comes. */
export class RunningCommand {
  readonly #backend: FrontendBackend;
  #done: Promise<void> | null = null;

  constructor(backend: FrontendBackend) {
    this.#backend = backend;
  }

  get runs(): boolean {
    return this.#done !== null;
  }

  /** Gives the command to the TPM; `completed` deals with the answer before anybody who waits goes on. */
  begin(command: TpmCommand, completed: (answer: TpmAnswer) => void): void {
    this.#done = this.#backend.execute(command).then(answer => {
      this.#done = null;
      completed(answer);
    });
  }

  /** Waits for it as the whole QEMU does (backends/tpm/tpm_backend.c, tpm_backend_finish_sync). */
  async finish(): Promise<void> {
    while (this.#done) await this.#done;
  }
}
