// Who else may find a port: browsers send where any page tells them to, and a TPM on this machine is within reach of every page that is
// open (https://wicg.github.io/private-network-access/). Their first bytes begin no message of any protocol that is served here.

const METHODS = ['GET ', 'HEAD', 'POST', 'PUT ', 'DELE', 'OPTI', 'PATC', 'CONN', 'TRAC', 'PRI '];
/** Content type and major version of a record (RFC 8446 §5.1). */
const TLS_HANDSHAKE = [0x16, 0x03];

/** Who speaks so, when the first bytes tell; null: nobody who is known. */
export function strangerOf(received: Uint8Array): string | null {
  const [first = 0] = received;
  if (first !== TLS_HANDSHAKE[0] && (first < 0x41 || first > 0x5a)) return null; // neither: as a rule
  const text = Buffer.from(received.buffer, received.byteOffset, Math.min(received.length, 4096)).toString('latin1');
  if (METHODS.some(method => text.startsWith(method))) {
    if (/^access-control-request-(private|local)-network:/im.test(text))
      return "an HTTP request, a browser's question whether a page may come here";
    return /^(origin|sec-fetch-site|user-agent: *mozilla)/im.test(text)
      ? "an HTTP request, a browser's: a web page is behind it"
      : 'an HTTP request';
  }
  if (TLS_HANDSHAKE.every((byte, i) => received[i] === byte)) return 'the beginning of TLS';
  return null;
}
