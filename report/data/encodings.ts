/** Bytes of base64. */
export const toBytes = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), char => char.charCodeAt(0));

/** Hex digits. */
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

/** Text of raw DEFLATE in base64. */
export async function inflate(base64: string): Promise<string> {
  const stream = new Blob([toBytes(base64)]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(stream).text();
}
