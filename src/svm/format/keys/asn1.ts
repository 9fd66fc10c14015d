import type { BaseBlock, BitString, Integer, ObjectIdentifier, OctetString } from 'asn1js';
import { SimulatorError } from '../../../sim/index.ts';

export const malformed = (where: string, what: string, cause?: unknown): SimulatorError =>
  new SimulatorError('key.malformed', { where, what, cause });

export const NOT_AS_NAMED = 'the PEM block does not hold the structure its label names';

/** What the four plain structures of keys are made of. */
interface Members {
  integer(index: number): Uint8Array;
  oid(index: number): string;
  /** Contents of a BIT STRING (whole bytes) or OCTET STRING. */
  bytes(index: number): Uint8Array;
  sequence(index: number): Members;
}

/**
 * Reads an ASN.1 SEQUENCE by asn1js alone: plain keys are what most commands need, and pkijs takes longer to load than all else of
 * `esm make` together. What is encrypted or signed goes through pkijs.
 * @throws {SimulatorError} `key.malformed`
 */
export async function sequenceOf(der: Uint8Array, where: string): Promise<Members> {
  const asn1 = await import('asn1js');
  const fail = (): never => {
    throw malformed(where, NOT_AS_NAMED);
  };
  const members = (block: BaseBlock | undefined): Members => {
    if (!(block instanceof asn1.Sequence)) return fail();
    const { value } = block.valueBlock;
    const at = <T>(index: number, kind: abstract new (...args: never[]) => T): T => {
      const member = value[index];
      return member instanceof kind ? member : fail();
    };
    return {
      integer: index => at<Integer>(index, asn1.Integer).valueBlock.valueHexView,
      oid: index => at<ObjectIdentifier>(index, asn1.ObjectIdentifier).valueBlock.toString(),
      bytes: index =>
        value[index] instanceof asn1.BitString
          ? at<BitString>(index, asn1.BitString).valueBlock.valueHexView
          : at<OctetString>(index, asn1.OctetString).valueBlock.valueHexView,
      sequence: index => members(value[index]),
    };
  };
  const { offset, result } = asn1.fromBER(new Uint8Array(der));
  return offset < 0 ? fail() : members(result);
}
