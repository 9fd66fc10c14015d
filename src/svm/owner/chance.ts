/** Where the owner's random bytes come from: symmetric keys, IVs, OAEP seeds, primes. `Random` of sim/ satisfies it. */
export interface Chance {
  bytes(count: number): Uint8Array;
}
