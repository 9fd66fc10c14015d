import { SimulatorError } from '../../sim/index.ts';
import type { EsmPublicKey } from '../../svm/format/index.ts';
import { checkHostKey, readCertificates } from '../../svm/owner/host-certificate/index.ts';
import { readNamed } from '../../svm/owner/index.ts';
import { painter } from '../../trace/index.ts';
import { dateOf } from '../date-option.ts';
import type { AuthorizeFlags } from './flags.ts';
import type { EsmSession } from './session.ts';

/** The host to authorize: a public key that is believed, as svm-tool does, or one whose certificates prove where it lies. */
export async function recipientOf(
  { pubkey, cert, ca, at }: Pick<AuthorizeFlags, 'pubkey' | 'cert' | 'ca' | 'at'>,
  session: EsmSession,
): Promise<EsmPublicKey> {
  if (cert === undefined) {
    if (pubkey === undefined) throw missing('there is no key to authorize', 'Give --pubkey FILE, or --cert CHAIN with --ca FILE.');
    if (ca.length > 0 || at !== undefined) throw missing('--ca and --at are for certificates', 'Give --cert CHAIN as well.');
    return session.publicKey(pubkey);
  }
  const key = pubkey === undefined ? undefined : { key: await session.publicKey(pubkey), where: pubkey };
  const chain = await readCertificates(await readNamed(cert), cert);
  const trusted = (await Promise.all(ca.map(async file => readCertificates(await readNamed(file), file)))).flat();
  const moment = at === undefined ? new Date() : dateOf(at, '--at');
  const checked = await checkHostKey({ chain, trusted, at: moment, ...(key ? { key } : {}) });
  session.debug(1, `${checked.subject}: made by its TPM and kept there, says "${checked.ca}"`);
  if (checked.policyPcr === 16) {
    const paint = painter(session.io.errColors);
    session.io.err(
      `${paint(`${cert}: note:`, 'heading')} the key's policy is bound to PCR 16, which software resets: root of this host can open lockboxes (firmware as published)\n`,
    );
  }
  return key?.key ?? checked.key;
}

const missing = (what: string, hint: string): SimulatorError => new SimulatorError('esm.recipient', { what, hint });
