import { cipherProblem } from '../cipher.ts';
import { LuksError, type LuksNotice } from '../fault.ts';
import { isHash } from '../hashes.ts';
import type { ByteSource } from '../source.ts';
import type { Kdf, KeyDigest, Keyslot, LuksVolume, Segment } from '../volume.ts';
import type { HeaderCopy } from './copy.ts';
import type { Luks2Metadata } from './schema.ts';

type JsonKeyslot = Extract<Luks2Metadata['keyslots'][string], { area: unknown }>;

const PRIORITIES = ['ignore', 'normal', 'prefer'] as const;

/** What a checked header means, in the terms that both versions share. */
export function describeVolume(image: ByteSource, copy: HeaderCopy, notices: readonly LuksNotice[]): LuksVolume {
  const refuse = (path: readonly (string | number)[], what: string): never => {
    throw new LuksError('unsupported', what, { image: image.name, offset: copy.metadata.placeOf(...path), field: path.join('.') });
  };
  const { json } = copy.metadata;
  const [requirement] = json.config.requirements.mandatory;
  // §3.6: whoever does not know a mandatory requirement must leave the volume alone.
  if (requirement !== undefined) refuse(['config', 'requirements'], `the volume requires "${requirement}", which is not known here`);
  const [segmentId, segment] = theSegment(json, refuse);
  const [digestId, digest] =
    Object.entries(json.digests).find(([, { segments }]) => segments.includes(segmentId)) ??
    refuse(['digests'], `no digest belongs to segment ${segmentId}`);
  if (!isHash(digest.hash)) refuse(['digests', digestId, 'hash'], `hash "${digest.hash}" is not known here`);
  const { hash, iterations, salt } = digest;
  const keyDigest: KeyDigest = {
    hash,
    iterations,
    salt,
    digest: digest.digest,
    offset: copy.metadata.placeOf('digests', digestId, 'digest'),
    keyslots: digest.keyslots.map(Number),
  };
  const keyslots = Object.entries(json.keyslots).flatMap(([id, slot]) => ('area' in slot ? [describeKeyslot(Number(id), slot)] : []));
  return {
    version: 2,
    uuid: copy.uuid,
    label: copy.label,
    subsystem: copy.subsystem,
    keyslots: keyslots.sort((a, b) => PRIORITIES.indexOf(b.priority) - PRIORITIES.indexOf(a.priority) || a.number - b.number),
    segment: describeSegment(image, segment, what => refuse(['segments', segmentId], what)),
    digest: keyDigest,
    header: { which: copy.which, offset: copy.offset, size: copy.size },
    notices,
    image,
  };
}

type Refuse = (path: readonly (string | number)[], what: string) => never;

/** Several segments are a re-encryption under way; those with flag `backup-...` only remember what was (§3.3). */
function theSegment({ segments }: Luks2Metadata, refuse: Refuse): [string, Luks2Metadata['segments'][string]] {
  const active = Object.entries(segments).filter(([, { flags }]) => !flags.some(flag => flag.startsWith('backup-')));
  const [only] = active;
  if (!only || active.length > 1) return refuse(['segments'], `${active.length} segments: only a volume with one is read here`);
  return only;
}

function describeSegment(image: ByteSource, json: Luks2Metadata['segments'][string], refuse: (what: string) => never): Segment {
  const { type, offset, encryption, sector_size, iv_tweak = 0, integrity } = json;
  if (type !== 'crypt' || encryption === undefined || sector_size === undefined)
    return refuse(`a segment of type "${type}" is not read here`);
  if (integrity) refuse('a segment with integrity (dm-integrity tags) is not read here');
  const size = json.size === 'dynamic' ? Math.floor((image.size - offset) / sector_size) * sector_size : json.size;
  if (offset % 512 !== 0 || size % sector_size !== 0) refuse(`offset ${offset} or size ${size} is no whole number of sectors`);
  if (size < 0 || offset + size > image.size)
    refuse(`bytes ${offset} to ${offset + Math.max(size, 0)} go past the image's end at ${image.size}`);
  return { offset, size, cipher: encryption, sectorBytes: sector_size, ivTweak: iv_tweak };
}

function describeKeyslot(number: number, { priority, key_size, af, area, kdf }: JsonKeyslot): Keyslot {
  const describedKdf: Kdf =
    kdf.type === 'pbkdf2' ? kdf : { type: kdf.type, iterations: kdf.time, memoryKiB: kdf.memory, lanes: kdf.cpus, salt: kdf.salt };
  const unknownHash = [af.hash, ...(kdf.type === 'pbkdf2' ? [kdf.hash] : [])].find(hash => !isHash(hash));
  const problem = unknownHash === undefined ? cipherProblem(area.encryption, area.key_size) : `hash "${unknownHash}" is not known here`;
  return {
    number,
    priority: PRIORITIES[priority],
    keyBytes: key_size,
    kdf: describedKdf,
    stripes: af.stripes,
    afHash: af.hash,
    area: { offset: area.offset, size: area.size, cipher: area.encryption, keyBytes: area.key_size },
    ...(problem === undefined ? {} : { problem }),
  };
}
