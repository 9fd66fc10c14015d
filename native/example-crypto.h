/*
 * The few functions of cryptography that example-ultravisor.c needs, as FIPS 180-4, FIPS 197, SP 800-38A and SP 800-38D define them: short
 * rather than fast, and not made against an observer of its time. Own code, so that the example builds wherever there is a compiler, also
 * for a big-endian machine whose libraries are not installed. Firmware of yours has better.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EXAMPLE_CRYPTO_H
#define EXAMPLE_CRYPTO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The first 32 or 64 bits of the fractional parts of the cube roots of primes: made once, by integers. */
static uint64_t sha_k[80], sha_h[8], sha_h256[8];

/* floor(2^64 * frac(p^(1/n))), n 2 or 3, by bisection over 128-bit fixed point with 32-bit limbs. */
static uint64_t root_fraction(unsigned prime, int n)
{
	uint64_t whole = 1, low = 0, high = 0;
	while ((n == 2 ? (whole + 1) * (whole + 1) : (whole + 1) * (whole + 1) * (whole + 1)) <= prime)
		whole++;
	for (int bit = 63; bit >= 0; bit--) {
		uint32_t x[3] = {(uint32_t)(low | 1ull << bit), (uint32_t)((low | 1ull << bit) >> 32), (uint32_t)whole};
		uint32_t power[9] = {x[0], x[1], x[2]};
		for (int times = 1; times < n; times++) {
			uint32_t product[9] = {0};
			for (int i = 0; i < 6; i++) {
				uint64_t carry = 0;
				for (int j = 0; j < 3; j++) {
					carry += (uint64_t)power[i] * x[j] + product[i + j];
					product[i + j] = (uint32_t)carry;
					carry >>= 32;
				}
				product[i + 3] += (uint32_t)carry;
			}
			memcpy(power, product, sizeof power);
		}
		high = power[2 * n];
		if (high < prime)
			low |= 1ull << bit;
	}
	return low;
}

static void sha_constants(void)
{
	unsigned found = 0;
	for (unsigned p = 2; found < 80; p++) {
		unsigned d = 2;
		while (d * d <= p && p % d)
			d++;
		if (d * d <= p)
			continue;
		sha_k[found] = root_fraction(p, 3);
		if (found < 8) {
			sha_h[found] = root_fraction(p, 2);
			sha_h256[found] = sha_h[found] >> 32;
		}
		found++;
	}
}

/* SHA-256 (bits 256) or SHA-512 (bits 512) of pieces one after the other. */
struct piece { const void *bytes; size_t count; };

static void sha(int bits, const struct piece *pieces, int count, uint8_t *out)
{
	const int word = bits / 64, block = 16 * word, rounds = bits == 256 ? 64 : 80, full = 8 * word;
	static const int turns[2][12] = {{7, 18, 3, 17, 19, 10, 6, 11, 25, 2, 13, 22}, {1, 8, 7, 19, 61, 6, 14, 18, 41, 28, 34, 39}};
	const int *t = turns[bits == 512];
	const uint64_t mask = bits == 256 ? 0xffffffffull : ~0ull;
	uint64_t h[8], total = 0, padded;
	uint8_t buffer[128];
	int piece = 0;
	size_t at = 0;

	if (!sha_k[0])
		sha_constants();
	memcpy(h, bits == 256 ? sha_h256 : sha_h, sizeof h);
	for (int i = 0; i < count; i++)
		total += pieces[i].count;
	/* A one, zeros, and the length in bits: of its two words the upper one stays zero. */
	padded = (total + 1 + 2 * (uint64_t)word + (uint64_t)block - 1) / (uint64_t)block * (uint64_t)block;
#define ROT(x, n) (((x) >> (n) | (x) << (full - (n))) & mask)
	for (uint64_t done = 0; done < padded; done += (uint64_t)block) {
		for (int i = 0; i < block; i++) {
			uint64_t place = done + (uint64_t)i;
			while (piece < count && at == pieces[piece].count)
				piece++, at = 0;
			if (place < total)
				buffer[i] = ((const uint8_t *)pieces[piece].bytes)[at++];
			else if (place == total)
				buffer[i] = 0x80;
			else
				buffer[i] = place < padded - 8 ? 0 : (uint8_t)(total * 8 >> 8 * (padded - 1 - place));
		}
		uint64_t w[80], v[8];
		for (int i = 0; i < 16; i++) {
			w[i] = 0;
			for (int j = 0; j < word; j++)
				w[i] = w[i] << 8 | buffer[i * word + j];
		}
		for (int i = 16; i < rounds; i++) {
			uint64_t a = ROT(w[i - 15], t[0]) ^ ROT(w[i - 15], t[1]) ^ w[i - 15] >> t[2];
			uint64_t b = ROT(w[i - 2], t[3]) ^ ROT(w[i - 2], t[4]) ^ w[i - 2] >> t[5];
			w[i] = (w[i - 16] + a + w[i - 7] + b) & mask;
		}
		memcpy(v, h, sizeof v);
		for (int i = 0; i < rounds; i++) {
			uint64_t k = bits == 256 ? sha_k[i] >> 32 : sha_k[i];
			uint64_t a = v[7] + (ROT(v[4], t[6]) ^ ROT(v[4], t[7]) ^ ROT(v[4], t[8])) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k + w[i];
			uint64_t b = (ROT(v[0], t[9]) ^ ROT(v[0], t[10]) ^ ROT(v[0], t[11])) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
			memmove(v + 1, v, 7 * sizeof *v);
			v[4] = (v[4] + a) & mask;
			v[0] = (a + b) & mask;
		}
		for (int i = 0; i < 8; i++)
			h[i] = (h[i] + v[i]) & mask;
	}
#undef ROT
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < word; j++)
			out[i * word + j] = (uint8_t)(h[i] >> (full - 8 - 8 * j));
}

/* HMAC with SHA-256 (RFC 2104) of up to five pieces. */
static void hmac256(const uint8_t *key, size_t key_bytes, const struct piece *pieces, int count, uint8_t *out)
{
	uint8_t pad[64] = {0}, inner[32];
	struct piece all[6] = {{pad, 64}};
	if (key_bytes > 64)
		sha(256, &(struct piece){key, key_bytes}, 1, pad);
	else
		memcpy(pad, key, key_bytes);
	for (int i = 0; i < 64; i++)
		pad[i] ^= 0x36;
	memcpy(all + 1, pieces, (size_t)count * sizeof *pieces);
	sha(256, all, count + 1, inner);
	for (int i = 0; i < 64; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha(256, (struct piece[]){{pad, 64}, {inner, 32}}, 2, out);
}

static uint8_t aes_sbox[256];

static uint8_t times2(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }

static void aes_tables(void)
{
	uint8_t p = 1, q = 1;
	do { /* p runs through all elements, q is its inverse */
		p = p ^ times2(p);
		q ^= (uint8_t)(q << 1), q ^= (uint8_t)(q << 2), q ^= (uint8_t)(q << 4), q ^= q & 0x80 ? 0x09 : 0;
#define R8(x, n) (uint8_t)((x) << (n) | (x) >> (8 - (n)))
		aes_sbox[p] = (uint8_t)(q ^ R8(q, 1) ^ R8(q, 2) ^ R8(q, 3) ^ R8(q, 4) ^ 0x63);
#undef R8
	} while (p != 1);
	aes_sbox[0] = 0x63;
}

/* One block; the key has 16, 24 or 32 bytes. */
static void aes(const uint8_t *key, int key_bytes, const uint8_t in[16], uint8_t out[16])
{
	const int words = key_bytes / 4, rounds = words + 6;
	uint8_t w[240], s[16], u[16], rcon = 1;

	if (!aes_sbox[0])
		aes_tables();
	memcpy(w, key, (size_t)key_bytes);
	for (int i = words; i < 4 * (rounds + 1); i++) {
		uint8_t t[4];
		memcpy(t, w + 4 * i - 4, 4);
		if (i % words == 0) {
			uint8_t first = t[0];
			t[0] = aes_sbox[t[1]] ^ rcon, t[1] = aes_sbox[t[2]], t[2] = aes_sbox[t[3]], t[3] = aes_sbox[first];
			rcon = times2(rcon);
		} else if (words > 6 && i % words == 4) {
			for (int j = 0; j < 4; j++)
				t[j] = aes_sbox[t[j]];
		}
		for (int j = 0; j < 4; j++)
			w[4 * i + j] = w[4 * (i - words) + j] ^ t[j];
	}
	for (int i = 0; i < 16; i++)
		s[i] = in[i] ^ w[i];
	for (int round = 1; round <= rounds; round++) {
		for (int i = 0; i < 16; i++)
			u[i] = aes_sbox[s[(i + 4 * (i % 4)) % 16]];
		for (int c = 0; c < 16 && round < rounds; c += 4) {
			uint8_t a[4], all = u[c] ^ u[c + 1] ^ u[c + 2] ^ u[c + 3];
			memcpy(a, u + c, 4);
			for (int j = 0; j < 4; j++)
				u[c + j] = a[j] ^ all ^ times2(a[j] ^ a[(j + 1) % 4]);
		}
		for (int i = 0; i < 16; i++)
			s[i] = u[i] ^ w[16 * round + i];
	}
	memcpy(out, s, 16);
}

/* CFB of 128 bits, decrypting in place. */
static void aes_cfb_decrypt(const uint8_t *key, int key_bytes, const uint8_t *iv, uint8_t *data, size_t bytes)
{
	uint8_t last[16], stream[16];
	memcpy(last, iv, 16);
	for (size_t at = 0; at < bytes; at += 16) {
		size_t piece = bytes - at < 16 ? bytes - at : 16;
		aes(key, key_bytes, last, stream);
		memcpy(last, data + at, piece);
		for (size_t i = 0; i < piece; i++)
			data[at + i] ^= stream[i];
	}
}

static void ghash(const uint8_t h[16], const uint8_t *data, size_t bytes, uint8_t y[16])
{
	for (size_t at = 0; at < bytes; at += 16) {
		uint8_t z[16] = {0}, v[16];
		for (size_t i = 0; i < 16 && at + i < bytes; i++)
			y[i] ^= data[at + i];
		memcpy(v, h, 16);
		for (int bit = 0; bit < 128; bit++) {
			int odd = v[15] & 1;
			if (y[bit / 8] >> (7 - bit % 8) & 1)
				for (int i = 0; i < 16; i++)
					z[i] ^= v[i];
			for (int i = 15; i > 0; i--)
				v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
			v[0] >>= 1;
			if (odd)
				v[0] ^= 0xe1;
		}
		memcpy(y, z, 16);
	}
}

/* GCM with an IV of any length, in place. Decrypts and gives 1 if the tag is right; `encrypt` writes the tag. */
static int aes_gcm(int encrypt, const uint8_t *key, int key_bytes, const uint8_t *iv, size_t iv_bytes, uint8_t *data, size_t bytes,
		   uint8_t tag[16])
{
	uint8_t h[16] = {0}, j0[16] = {0}, counter[16], stream[16], y[16] = {0}, lengths[16] = {0};
	int same = 1;
	aes(key, key_bytes, h, h);
	if (iv_bytes == 12) {
		memcpy(j0, iv, 12);
		j0[15] = 1;
	} else {
		ghash(h, iv, iv_bytes, j0);
		for (int i = 0; i < 8; i++)
			lengths[8 + i] = (uint8_t)((uint64_t)iv_bytes * 8 >> (56 - 8 * i));
		ghash(h, lengths, 16, j0);
	}
	if (!encrypt)
		ghash(h, data, bytes, y);
	memcpy(counter, j0, 16);
	for (size_t at = 0; at < bytes; at += 16) {
		for (int i = 15; i >= 12 && ++counter[i] == 0; i--)
			;
		aes(key, key_bytes, counter, stream);
		for (size_t i = 0; i < 16 && at + i < bytes; i++)
			data[at + i] ^= stream[i];
	}
	if (encrypt)
		ghash(h, data, bytes, y);
	for (int i = 0; i < 8; i++)
		lengths[8 + i] = (uint8_t)((uint64_t)bytes * 8 >> (56 - 8 * i));
	ghash(h, lengths, 16, y);
	aes(key, key_bytes, j0, stream);
	for (int i = 0; i < 16; i++) {
		uint8_t right = y[i] ^ stream[i];
		if (encrypt)
			tag[i] = right;
		else if (tag[i] != right)
			same = 0;
	}
	return same;
}

#endif
