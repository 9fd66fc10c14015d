import { NO_PASSWORD, type TpmClient } from '../../../tpm/client/index.ts';
import { explainRc } from '../../../tpm/wire/index.ts';
import { buildOwn, type OwnCommand } from './own-command.ts';

/** What came of a command: the name of the response code, or why no response was had. */
export interface Sent {
  readonly command: string;
  readonly said: string;
  readonly fault?: string;
}

/** Sends them one after the other. */
export async function sendOwn(client: TpmClient, own: readonly OwnCommand[]): Promise<readonly Sent[]> {
  const named = new Map<string, number>();
  const sent: Sent[] = [];
  for (const one of own) {
    const { command, params } = buildOwn(one);
    const handles: Record<string, number> = {};
    for (const name of Object.keys(command.handles)) handles[name] = handleOf(one.handles?.[name], named);
    const sessions = Object.values(command.handles).flatMap(({ auth }) => (auth ? [NO_PASSWORD] : []));
    const answer = await client.call(command, handles, params, { sessions });
    if (answer.ok && one.as !== undefined) named.set(one.as, answer.handle);
    if (answer.ok) sent.push({ command: command.name, said: 'TPM_RC_SUCCESS' });
    else if (answer.rc === null) sent.push({ command: command.name, said: answer.fault, fault: `${command.name}: ${answer.detail}` });
    else sent.push({ command: command.name, said: explainRc(answer.rc).name });
  }
  return sent;
}

/** The same, in a line. */
export async function runOwn(client: TpmClient, own: readonly OwnCommand[]): Promise<string> {
  const sent = await sendOwn(client, own);
  return sent.map(({ command, said }) => `${command} ${said === 'TPM_RC_SUCCESS' ? 'done' : said}`).join(', ');
}

function handleOf(given: number | string | undefined, named: ReadonlyMap<string, number>): number {
  if (typeof given === 'number') return given;
  return named.get(given ?? '') ?? Number(given ?? 0);
}
