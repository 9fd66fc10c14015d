const POLYNOMIAL = 0x8408; // x^16 + x^12 + x^5 + 1, the least significant bit first

/** CRC-16 of ITU-T X.25's polynomial that begins with 0, as TPMs on I2C have it (TCG I2C interface, §TPM_DATA_CSUM). */
export function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return crc;
}
