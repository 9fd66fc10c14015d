import type { Actor, AnyEvent, SimEvent } from '../../sim/index.ts';
import { inspectCommand, inspectResponse } from '../inspect/tpm-message.ts';

const H_TPM_COMM = 'H_TPM_COMM';

/**
 * What the caller of H_TPM_COMM knows of the traffic: the command that it put in its buffer, and the response that it found there. No
 * event of its own tells it; the proxy's calls on the host file do, unless the adversary interfered in the course of the call.
 * By the number of the proxy's event, the message as the caller sees it.
 */
export function ownTraffic(events: readonly AnyEvent[]): ReadonlyMap<number, AnyEvent> {
  const calls = new Map<number, Actor>();
  const callOf = new Map<number, number>();
  const acts = new Map<number, number>();
  const traffic: SimEvent<'proxy.file'>[] = [];
  for (const event of events) {
    const within = event.cause === null ? undefined : (callOf.get(event.cause) ?? (calls.has(event.cause) ? event.cause : undefined));
    if (event.kind === 'hcall.call' && event.data.name === H_TPM_COMM) calls.set(event.seq, event.data.issuer);
    else if (within !== undefined) callOf.set(event.seq, within);
    if (within === undefined) continue;
    if (event.kind === 'adversary' && !acts.has(within)) acts.set(within, event.seq);
    if (event.kind === 'proxy.file' && event.sights.length > 0) traffic.push(event);
  }
  const own = new Map<number, AnyEvent>();
  let asked: number | undefined;
  for (const event of traffic) {
    const call = callOf.get(event.seq) ?? -1;
    const caller = calls.get(call);
    const bytes = event.sights[0]?.bytes;
    if (!caller || !bytes) continue;
    const act = acts.get(call);
    // What was written before the act is what the caller wrote; a response may be changed until the call returns.
    if (act !== undefined && (event.data.call === 'read' || act < event.seq)) continue;
    const message = event.data.call === 'write' ? inspectCommand(bytes) : inspectResponse(bytes, asked);
    if (message.code === undefined) continue;
    if (message.kind === 'command') asked = message.code;
    own.set(event.seq, messageOf(event, caller, bytes, message));
  }
  return own;
}

function messageOf(
  event: SimEvent<'proxy.file'>,
  caller: Actor,
  bytes: Uint8Array,
  { kind, name = '', code, rc }: ReturnType<typeof inspectCommand>,
): AnyEvent {
  const data = { name, code, via: H_TPM_COMM, ...(rc && { rc: rc.code, rcName: rc.text.replace(/ \(0x.*/, '') }) };
  const seenBy = [caller, ...(event.sights[0]?.seenBy ?? [])];
  return { ...event, kind: `tpm.${kind}`, actor: caller, data, sights: [{ what: kind, bytes, seenBy }] } as AnyEvent;
}
