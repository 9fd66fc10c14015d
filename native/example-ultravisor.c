/*
 * An Ultravisor in one file, for svm-sim: enough for a guest to become secure with an ESM blob whose key this host's TPM unwraps, and to
 * read the files of the blob. It is an example and nothing else: it keeps its secrets in the memory of a process.
 *
 *   cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -o example-ultravisor example-ultravisor.c
 *   ./example-ultravisor --listen /tmp/uv.sock      then: svm-sim run SCENARIO, whose host says ultravisor: { external: unix:/tmp/uv.sock }
 *   ./example-ultravisor --connect /tmp/sim.sock    after: svm-sim firmware serve --listen unix:/tmp/sim.sock SCENARIO
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "svm-sim.h"
#include "example-crypto.h"
#include <signal.h>

#define PAGE SVMSIM_PAGE_BYTES
#define FRAMES 4096
#define SVMS 16
#define SLOTS 32
enum { U_SUCCESS = 0, U_FUNCTION = -2, U_PARAMETER = -4, U_RETRY = -5, U_PERMISSION = -11, U_P2 = -55, U_P3 = -56, U_P5 = -58, U_STATE = -75 };
enum { UV_WRITE_PATE = 0xf104, UV_ESM = 0xf110, UV_RETURN = 0xf11c, UV_REGISTER_MEM_SLOT = 0xf120, UV_UNREGISTER_MEM_SLOT = 0xf124,
       UV_PAGE_IN = 0xf128, UV_PAGE_OUT = 0xf12c, UV_PAGE_INVAL = 0xf138, UV_SVM_TERMINATE = 0xf13c, UV_ESMB_GET_FILE = 0xf14c };
enum { H_SVM_PAGE_IN = 0xef00, H_SVM_INIT_START = 0xef08, H_SVM_INIT_DONE = 0xef0c, H_TPM_COMM = 0xef10, H_SVM_INIT_ABORT = 0xef14 };
enum { SECURE, SHARED, OUT };

struct frame { uint64_t gfn, ra; int state, fetched; uint8_t iv[12], tag[16]; };
struct svm {
	uint32_t lpid, vcpu;
	int phase, sharing, frames, has_key;
	struct { uint64_t gpa, bytes; int used; } slots[SLOTS];
	struct frame frame[FRAMES];
	uint64_t counter;
	uint8_t page_key[32], symkey[32], *files;
	size_t symkey_bytes, files_bytes;
	const char *why; /* what the transition failed of */
};

static struct svm svms[SVMS];
static uint8_t *uv_fdt, *free_pages;
static size_t uv_fdt_bytes;
static uint64_t waiting; /* cookie of the hypercall that waits; 0: it came back */

static struct svm *svm_of(uint64_t lpid)
{
	for (int i = 0; i < SVMS; i++)
		if (svms[i].phase != SVMSIM_PHASE_NONE && svms[i].lpid == lpid)
			return svms + i;
	return NULL;
}

/* Secure memory: a byte a page says whether it is in use. 0: none is left. */
static uint64_t take_page(struct svmsim *sim)
{
	for (uint32_t i = 0; i < sim->secure_pages && i < 1 << 16; i++)
		if (!free_pages[i]) {
			free_pages[i] = 1;
			return sim->secure_base + (uint64_t)i * PAGE;
		}
	return 0;
}

static void give_page(struct svmsim *sim, uint64_t ra)
{
	static const uint8_t zeros[PAGE];
	if (ra < sim->secure_base)
		return;
	svmsim_write(sim, ra, zeros, PAGE);
	free_pages[(ra - sim->secure_base) / PAGE] = 0;
}

static void forget(struct svmsim *sim, struct svm *svm)
{
	for (int i = 0; i < svm->frames; i++)
		give_page(sim, svm->frame[i].ra);
	free(svm->files);
	memset(svm, 0, sizeof *svm);
}

static int in_slot(const struct svm *svm, uint64_t gpa)
{
	for (int i = 0; i < SLOTS; i++)
		if (svm->slots[i].used && gpa >= svm->slots[i].gpa && gpa - svm->slots[i].gpa < svm->slots[i].bytes)
			return 1;
	return 0;
}

static struct frame *frame_of(struct svm *svm, uint64_t gpa, int make)
{
	for (int i = 0; i < svm->frames; i++)
		if (svm->frame[i].gfn == gpa / PAGE)
			return svm->frame + i;
	if (!make || svm->frames == FRAMES || !in_slot(svm, gpa))
		return NULL;
	svm->frame[svm->frames] = (struct frame){.gfn = gpa / PAGE, .state = SECURE};
	return svm->frame + svm->frames++;
}

/* A hypercall of our own in the name of the SVM: the hypervisor sees number, arguments and cookie. The result, r4 in *out. */
static int64_t hypercall(struct svmsim *sim, struct svm *svm, int number, const uint64_t *args, int count, uint64_t *out)
{
	struct svmsim_regs regs = {0};
	uint64_t cookie = 0;
	svmsim_random(sim, &cookie, 4);
	cookie = (cookie & 0x7ffffffcull) | 0x2000;
	regs.gpr[3] = (uint64_t)number;
	for (int i = 0; i < count; i++)
		regs.gpr[4 + i] = args[i];
	regs.gpr[31] = regs.srr0 = regs.hsrr0 = cookie;
	regs.srr1 = regs.hsrr1 = SVMSIM_MSR_SF | SVMSIM_MSR_S | SVMSIM_MSR_ME;
	regs.msr = SVMSIM_MSR_SF | SVMSIM_MSR_HV | SVMSIM_MSR_ME | SVMSIM_MSR_LE;
	regs.lpidr = svm->lpid;
	regs.pc = 0xc00;
	waiting = cookie;
	svmsim_hypervisor(sim, 0xc00, svm->vcpu, &regs);
	if (waiting == cookie)
		return INT64_MIN; /* it did not come back by UV_RETURN */
	if (out)
		*out = regs.gpr[4];
	return (int32_t)regs.gpr[0];
}

/* The page of a frame, brought into secure memory once in a transition. */
static int fetch(struct svmsim *sim, struct svm *svm, uint64_t gpa, uint64_t bytes)
{
	for (uint64_t at = gpa & ~(uint64_t)(PAGE - 1); at < gpa + bytes; at += PAGE) {
		struct frame *frame = frame_of(svm, at, 1);
		if (!frame)
			return 0;
		if (frame->fetched)
			continue;
		if (hypercall(sim, svm, H_SVM_PAGE_IN, (uint64_t[]){at, 0, 16}, 3, NULL) != 0)
			return 0;
		if (frame->state != SECURE || frame->ra == 0)
			return 0; /* success without the page: a lie */
		frame->fetched = 1;
	}
	return 1;
}

/* Bytes of the guest from secure memory, fetched first; yours to free. */
static uint8_t *guest_bytes(struct svmsim *sim, struct svm *svm, uint64_t gpa, uint64_t bytes)
{
	uint8_t *all = bytes > 64u << 20 || !fetch(sim, svm, gpa, bytes) ? NULL : calloc(1, bytes + 1);
	for (uint64_t done = 0; all && done < bytes;) {
		uint64_t at = gpa + done, piece = PAGE - at % PAGE;
		piece = piece < bytes - done ? piece : bytes - done;
		svmsim_read(sim, frame_of(svm, at, 0)->ra + at % PAGE, all + done, piece);
		done += piece;
	}
	return all;
}

/* A property of a flattened tree by path ("chosen", "lockboxes/lockbox-1"); NULL: there is none, or the tree is none. */
static const uint8_t *property(const uint8_t *fdt, size_t size, const char *path, const char *name, uint32_t *length)
{
	size_t at, strings, depth = 0, matched = 0, wanted = 1;
	if (size < 40 || svmsim_get(fdt, 4) != 0xd00dfeed)
		return NULL;
	at = (size_t)svmsim_get(fdt + 8, 4), strings = (size_t)svmsim_get(fdt + 12, 4);
	for (const char *c = path; *c; c++)
		wanted += *c == '/';
	while (at + 4 <= size) {
		uint32_t token = (uint32_t)svmsim_get(fdt + at, 4);
		at += 4;
		if (token == 1) { /* FDT_BEGIN_NODE */
			size_t n = strnlen((const char *)fdt + at, size - at);
			const char *step = path;
			for (size_t i = 0; i < matched && step; i++)
				step = strchr(step, '/') ? strchr(step, '/') + 1 : NULL;
			if (depth == matched + 1 && step && strcspn(step, "/") == n && !memcmp(step, fdt + at, n))
				matched++;
			depth++;
			at += (n + 4) & ~(size_t)3;
		} else if (token == 2) { /* FDT_END_NODE */
			if (matched + 1 == depth && matched > 0)
				matched--;
			if (--depth == 0)
				return NULL;
		} else if (token == 3 && at + 8 <= size) { /* FDT_PROP */
			uint32_t bytes = (uint32_t)svmsim_get(fdt + at, 4);
			size_t called = strings + (size_t)svmsim_get(fdt + at + 4, 4);
			if (bytes > size - at - 8 || called >= size)
				return NULL;
			if (matched == wanted && depth == matched + 1 && !strncmp((const char *)fdt + called, name, size - called)) {
				*length = bytes;
				return fdt + at + 8;
			}
			at += 8 + ((bytes + 3u) & ~3u);
		} else if (token != 4) { /* FDT_NOP */
			return NULL;
		}
	}
	return NULL;
}

/* A number of one or two cells. */
static int number(const uint8_t *fdt, size_t size, const char *path, const char *name, uint64_t *value)
{
	uint32_t length;
	const uint8_t *at = property(fdt, size, path, name, &length);
	if (!at || length < 4)
		return 0;
	*value = svmsim_get(at, length >= 8 ? 8 : 4);
	return 1;
}

/* iv, mac and ciphertext of a node, opened with a key; yours to free. */
static uint8_t *opened(const uint8_t *fdt, size_t size, const char *path, const uint8_t *key, size_t key_bytes, uint32_t *bytes)
{
	uint32_t iv_bytes, tag_bytes;
	uint8_t tag[16], *plain;
	const uint8_t *iv = property(fdt, size, path, "iv", &iv_bytes), *mac = property(fdt, size, path, "mac", &tag_bytes);
	const uint8_t *sealed = property(fdt, size, path, "ciphertext", bytes);
	if (!iv || !mac || !sealed || tag_bytes != 16 || iv_bytes == 0 || !(plain = malloc(*bytes + 1)))
		return NULL;
	memcpy(tag, mac, 16);
	memcpy(plain, sealed, *bytes);
	if (aes_gcm(0, key, (int)key_bytes, iv, iv_bytes, plain, *bytes, tag))
		return plain;
	free(plain);
	return NULL;
}

/* ---- The TPM, by H_TPM_COMM on a page that is shared with the hypervisor ---- */

struct tpm { struct svmsim *sim; struct svm *svm; uint64_t gpa, ra; uint8_t in[4096], out[4096]; size_t n, got; };

static void put(struct tpm *tpm, uint64_t value, int bytes) { svmsim_put(tpm->in + tpm->n, value, bytes), tpm->n += (size_t)bytes; }
static void put_bytes(struct tpm *tpm, const void *bytes, size_t n) { memcpy(tpm->in + tpm->n, bytes, n), tpm->n += n; }
static void put_2b(struct tpm *tpm, const void *bytes, size_t n) { put(tpm, n, 2), put_bytes(tpm, bytes, n); }
static void command(struct tpm *tpm, int tag, uint32_t code) { tpm->n = 0, put(tpm, (uint64_t)tag, 2), put(tpm, 0, 4), put(tpm, code, 4); }

/* Sends what was put together; whether the TPM did it. The answer is copied before it is looked at. */
static int transmit(struct tpm *tpm)
{
	uint64_t size = 0;
	svmsim_put(tpm->in + 2, tpm->n, 4);
	svmsim_write(tpm->sim, tpm->ra, tpm->in, tpm->n);
	if (hypercall(tpm->sim, tpm->svm, H_TPM_COMM, (uint64_t[]){1, tpm->gpa, tpm->n, tpm->gpa, 4096}, 5, &size) != 0 || size < 10 || size > 4096)
		return 0;
	svmsim_read(tpm->sim, tpm->ra, tpm->out, size);
	tpm->got = size;
	return svmsim_get(tpm->out + 2, 4) == size && svmsim_get(tpm->out + 6, 4) == 0;
}

/* The symmetric key out of lockbox-1: policy A of the wrapping key, then RSA_Decrypt with an encrypted and authenticated answer. */
static const char *unwrap(struct tpm *tpm, const uint8_t *lockbox, uint32_t lockbox_bytes)
{
	static const char *node = "ibm,uv-fdt/ibm,uv-tpm";
	uint32_t n, name_bytes, a_bytes, b_bytes, key_bytes, session;
	uint64_t handle;
	uint8_t nonce[32], tpm_nonce[32], digest[32], mac[32], key[32], attributes = 0x41;
	const uint8_t *name = property(uv_fdt, uv_fdt_bytes, node, "wrapping-key-publicname", &name_bytes);
	const uint8_t *a = property(uv_fdt, uv_fdt_bytes, node, "wrapping-key-policy-a", &a_bytes);
	const uint8_t *b = property(uv_fdt, uv_fdt_bytes, node, "wrapping-key-policy-b", &b_bytes);
	const uint8_t *password = property(uv_fdt, uv_fdt_bytes, node, "wrapping-key-passwd", &key_bytes);
	if (!name || !a || !b || !password || name_bytes != 34 || !number(uv_fdt, uv_fdt_bytes, node, "wrapping-key-handle", &handle))
		return "firmware handed over no TPM key";
	key_bytes = (uint32_t)strnlen((const char *)password, key_bytes);

	command(tpm, 0x8001, 0x173); /* TPM2_ReadPublic */
	put(tpm, handle, 4);
	if (!transmit(tpm) || tpm->got < 12 || (n = (uint32_t)svmsim_get(tpm->out + 10, 2)) > tpm->got - 12)
		return "TPM2_ReadPublic failed";
	sha(256, &(struct piece){tpm->out + 12, n}, 1, digest);
	if (memcmp(name + 2, digest, 32))
		return "the wrapping key is not the one that firmware handed over";

	svmsim_random(tpm->sim, nonce, 32);
	command(tpm, 0x8001, 0x176); /* TPM2_StartAuthSession: policy, SHA-256, AES-128-CFB */
	put(tpm, 0x40000007, 4), put(tpm, 0x40000007, 4), put_2b(tpm, nonce, 32), put(tpm, 0, 2), put(tpm, 1, 1);
	put(tpm, 6, 2), put(tpm, 128, 2), put(tpm, 0x43, 2), put(tpm, 0xb, 2);
	if (!transmit(tpm) || tpm->got != 48)
		return "TPM2_StartAuthSession failed";
	session = (uint32_t)svmsim_get(tpm->out + 10, 4);
	memcpy(tpm_nonce, tpm->out + 16, 32);
	command(tpm, 0x8001, 0x16c), put(tpm, session, 4), put(tpm, 0x159, 4); /* TPM2_PolicyCommandCode */
	if (!transmit(tpm))
		return "TPM2_PolicyCommandCode failed";
	command(tpm, 0x8001, 0x16b), put(tpm, session, 4); /* TPM2_PolicyAuthValue */
	if (!transmit(tpm))
		return "TPM2_PolicyAuthValue failed";
	command(tpm, 0x8001, 0x171), put(tpm, session, 4), put(tpm, 2, 4), put_2b(tpm, a, a_bytes), put_2b(tpm, b, b_bytes); /* TPM2_PolicyOR */
	if (!transmit(tpm))
		return "TPM2_PolicyOR failed";

	uint8_t params[512], code[4] = {0, 0, 1, 0x59}, zero[4] = {0};
	svmsim_put(params, lockbox_bytes, 2), memcpy(params + 2, lockbox, lockbox_bytes);
	svmsim_put(params + 2 + lockbox_bytes, 0x100000, 4); /* scheme of the key, no label */
	sha(256, (struct piece[]){{code, 4}, {name, name_bytes}, {params, lockbox_bytes + 6}}, 3, digest);
	svmsim_random(tpm->sim, nonce, 32);
	hmac256(password, key_bytes, (struct piece[]){{digest, 32}, {nonce, 32}, {tpm_nonce, 32}, {&attributes, 1}}, 4, mac);
	command(tpm, 0x8002, 0x159), put(tpm, handle, 4), put(tpm, 9 + 32 + 32, 4); /* TPM2_RSA_Decrypt */
	put(tpm, session, 4), put_2b(tpm, nonce, 32), put(tpm, attributes, 1), put_2b(tpm, mac, 32), put_bytes(tpm, params, lockbox_bytes + 6);
	if (!transmit(tpm))
		return "TPM2_RSA_Decrypt failed";
	n = (uint32_t)svmsim_get(tpm->out + 10, 4);
	if (n < 2 || n > 66 || tpm->got != 14 + n + 2 + 32 + 1 + 2 + 32 || svmsim_get(tpm->out + 14, 2) != n - 2)
		return "the answer to TPM2_RSA_Decrypt has another form";
	uint8_t *message = tpm->out + 14, *fresh = message + n + 2, kdf[16] = {0, 0, 0, 1, 'C', 'F', 'B', 0}, bits[4] = {0, 0, 1, 0};
	sha(256, (struct piece[]){{zero, 4}, {code, 4}, {message, n}}, 3, digest);
	hmac256(password, key_bytes, (struct piece[]){{digest, 32}, {fresh, 32}, {nonce, 32}, {fresh + 32, 1}}, 4, mac);
	svmsim_tell(tpm->sim, memcmp(mac, fresh + 35, 32) ? SVMSIM_TELL_CHECK_FAILED : SVMSIM_TELL_CHECK_HELD, "response-hmac", "the answer's HMAC");
	if (memcmp(mac, fresh + 35, 32))
		return "the answer to TPM2_RSA_Decrypt is not authentic";
	hmac256(password, key_bytes, (struct piece[]){{kdf, 8}, {fresh, 32}, {nonce, 32}, {bits, 4}}, 4, key);
	aes_cfb_decrypt(key, 16, key + 16, message + 2, n - 2);
	if (n - 2 != 16 && n - 2 != 24 && n - 2 != 32)
		return "the lockbox holds no AES key";
	memcpy(tpm->svm->symkey, message + 2, tpm->svm->symkey_bytes = n - 2);
	svmsim_secret(tpm->sim, "symmetric key of the ESM blob", tpm->svm->symkey, n - 2);
	command(tpm, 0x8001, 0x165), put(tpm, session, 4); /* TPM2_FlushContext */
	return transmit(tpm) ? NULL : "TPM2_FlushContext failed";
}

/* ---- UV_ESM ---- */

/* Whether a range of the guest is what the owner measured. */
static int measured(struct svmsim *sim, const char *item, const uint8_t *bytes, size_t n, const uint8_t *tree, uint32_t tree_bytes)
{
	uint32_t length;
	uint8_t digest[64];
	char check[64];
	const uint8_t *expected = property(tree, tree_bytes, "digests", item, &length);
	sha(512, &(struct piece){bytes, n}, 1, digest);
	int same = bytes && expected && length >= 64 && !memcmp(digest, expected, 64);
	snprintf(check, sizeof check, "digest-%s", item);
	svmsim_tell(sim, same ? SVMSIM_TELL_CHECK_HELD : SVMSIM_TELL_CHECK_FAILED, check, "SHA-512 against the owner's digest");
	return same;
}

/* Everything up to INIT_DONE; NULL: the guest is what its owner measured. */
static const char *transition(struct svmsim *sim, struct svm *svm, uint64_t kbase, uint64_t fdt)
{
	uint8_t *head, *tree, *blob = NULL, *digests;
	const uint8_t *lockbox, *bootargs, *files;
	uint32_t lockbox_bytes, bootargs_bytes, files_bytes, digests_bytes;
	uint64_t size, rtas, rtas_bytes, initrd, initrd_end, from, to, kernel_bytes, ram = 0, memory_bytes;
	static struct tpm tpm;

	if (hypercall(sim, svm, H_SVM_INIT_START, NULL, 0, NULL) != 0)
		return "H_SVM_INIT_START was refused";
	if (!(head = guest_bytes(sim, svm, fdt, 40)) || svmsim_get(head, 4) != 0xd00dfeed || (size = svmsim_get(head + 4, 4)) > 1 << 20)
		return "there is no device tree";
	free(head);
	if (!(tree = guest_bytes(sim, svm, fdt, size)))
		return "the device tree cannot be had";
	uint32_t reg_bytes;
	const uint8_t *reg = property(tree, size, "memory@0", "reg", &reg_bytes);
	if (!reg || reg_bytes < 16 || !number(tree, size, "rtas", "linux,rtas-base", &rtas) || !number(tree, size, "rtas", "slof,rtas-size", &rtas_bytes) ||
	    !number(tree, size, "chosen", "linux,initrd-start", &initrd) || !number(tree, size, "chosen", "linux,initrd-end", &initrd_end) ||
	    !number(tree, size, "chosen", "linux,esm-blob-start", &from) || !number(tree, size, "chosen", "linux,esm-blob-end", &to) ||
	    !(bootargs = property(tree, size, "chosen", "bootargs", &bootargs_bytes)) || initrd_end < initrd || to < from || bootargs_bytes == 0)
		return "the device tree lacks what is needed (this example takes its blob from the boot wrapper)";
	memory_bytes = svmsim_get(reg + 8, 8);
	ram = memory_bytes < 0x30000000 ? memory_bytes : 0x30000000;
	if (!(blob = guest_bytes(sim, svm, from, to - from)) || !(lockbox = property(blob, to - from, "lockboxes/lockbox-1", "encrypted-symkey", &lockbox_bytes)) || lockbox_bytes > 256)
		return "the blob has no lockbox-1";

	/* A page to share with the hypervisor: 2 MiB beneath the top, where no firmware keeps anything. */
	tpm = (struct tpm){.sim = sim, .svm = svm, .gpa = ram - 0x200000};
	svm->sharing = 1;
	if (hypercall(sim, svm, H_SVM_PAGE_IN, (uint64_t[]){tpm.gpa, 1, 16}, 3, NULL) != 0 || !frame_of(svm, tpm.gpa, 0) || frame_of(svm, tpm.gpa, 0)->state != SHARED)
		return "the hypervisor gives no page to share";
	svm->sharing = 0;
	tpm.ra = frame_of(svm, tpm.gpa, 0)->ra;
	const char *why = unwrap(&tpm, lockbox, lockbox_bytes);
	hypercall(sim, svm, H_TPM_COMM, (uint64_t[]){2, 0, 0, 0, 0}, 5, NULL);
	if (why || !fetch(sim, svm, tpm.gpa, 1)) /* the page is the guest's again */
		return why ? why : "the bounce page does not come back";

	if (!(digests = opened(blob, to - from, "digest/digests-fdt", svm->symkey, svm->symkey_bytes, &digests_bytes)))
		return "the digests are not authentic";
	uint8_t *code = guest_bytes(sim, svm, rtas, rtas_bytes), *ramdisk = guest_bytes(sim, svm, initrd, initrd_end - initrd), *kernel = NULL;
	if (number(digests, digests_bytes, "digests", "kernel-size", &kernel_bytes))
		kernel = guest_bytes(sim, svm, kbase, kernel_bytes);
	int same = measured(sim, "rtas", code, rtas_bytes, digests, digests_bytes);
	same &= kernel && measured(sim, "kernel", kernel, kernel_bytes, digests, digests_bytes);
	same &= measured(sim, "initrd", ramdisk, initrd_end - initrd, digests, digests_bytes);
	same &= measured(sim, "bootargs", bootargs, bootargs_bytes - 1, digests, digests_bytes);
	if ((files = property(blob, to - from, "file", "files-fdt", &files_bytes)) && (svm->files = malloc(files_bytes + 1)))
		memcpy(svm->files, files, svm->files_bytes = files_bytes);
	free(code), free(ramdisk), free(kernel), free(digests), free(blob), free(tree);
	if (!same)
		return "the guest is not what its owner measured";
	return hypercall(sim, svm, H_SVM_INIT_DONE, NULL, 0, NULL) == 0 ? NULL : "H_SVM_INIT_DONE was refused";
}

static void esm(struct svmsim *sim, uint32_t vcpu, struct svmsim_regs *regs)
{
	const uint64_t kbase = regs->gpr[4], fdt = regs->gpr[5];
	struct svm *svm = NULL;
	const char *why;
	if (kbase == 0 || fdt == 0 || regs->lpidr == 0 || svm_of(regs->lpidr)) {
		regs->gpr[3] = (uint64_t)(int64_t)(kbase == 0 ? U_PARAMETER : fdt == 0 ? U_P2 : regs->lpidr == 0 ? U_PERMISSION : U_RETRY);
		return;
	}
	for (int i = 0; i < SVMS && !svm; i++)
		if (svms[i].phase == SVMSIM_PHASE_NONE)
			svm = svms + i;
	if (!svm) {
		regs->gpr[3] = (uint64_t)(int64_t)U_RETRY;
		return;
	}
	memset(svm, 0, sizeof *svm);
	svm->lpid = (uint32_t)regs->lpidr, svm->vcpu = vcpu, svm->phase = SVMSIM_PHASE_ACTIVE;
	if (!(why = transition(sim, svm, kbase, fdt))) {
		svm->phase = SVMSIM_PHASE_SECURE;
		regs->msr = (regs->msr | SVMSIM_MSR_S) & ~(SVMSIM_MSR_HV | SVMSIM_MSR_EE);
		regs->pc = kbase;
		regs->gpr[3] = fdt, regs->gpr[4] = kbase, regs->gpr[5] = 0;
		svmsim_tell(sim, SVMSIM_TELL_NOTE, "", "the guest is secure");
		return;
	}
	svmsim_tell(sim, SVMSIM_TELL_CHECK_FAILED, "transition", why);
	svm->phase = SVMSIM_PHASE_ABORT;
	/* H_SVM_INIT_ABORT has the guest's registers: the hypervisor resumes the guest itself. */
	regs->srr0 = regs->hsrr0 = regs->pc, regs->srr1 = regs->hsrr1 = regs->msr;
	regs->msr = SVMSIM_MSR_SF | SVMSIM_MSR_HV | SVMSIM_MSR_ME | (regs->msr & SVMSIM_MSR_LE);
	regs->gpr[3] = H_SVM_INIT_ABORT;
	svmsim_hypervisor(sim, 0xc00, vcpu, regs);
	if (svm->phase == SVMSIM_PHASE_ABORT)
		forget(sim, svm);
	regs->gpr[3] = (uint64_t)(int64_t)U_PERMISSION;
}

/* ---- Ultracalls of the hypervisor, and files for the guest ---- */

static int64_t page_in(struct svmsim *sim, struct svm *svm, uint64_t ra, uint64_t gpa, uint64_t order)
{
	uint8_t *page;
	struct frame *frame;
	if (order != 16)
		return U_P5;
	if (ra == 0 || ra >= sim->secure_base)
		return U_P2;
	if (svm->phase == SVMSIM_PHASE_ABORT)
		return U_STATE;
	if (!(frame = frame_of(svm, gpa, 1)))
		return U_P3;
	if (svm->sharing) {
		give_page(sim, frame->ra);
		frame->ra = ra, frame->state = SHARED, frame->fetched = 0;
		return U_SUCCESS;
	}
	if (frame->state == SECURE && frame->ra)
		return U_P2; /* a secure page is replaced by nobody */
	page = malloc(PAGE);
	svmsim_read(sim, ra, page, PAGE);
	if (frame->state == OUT && !aes_gcm(0, svm->page_key, 32, frame->iv, 12, page, PAGE, frame->tag)) {
		free(page);
		return U_P3;
	}
	if (svm->phase == SVMSIM_PHASE_SECURE && frame->state == SECURE)
		memset(page, 0, PAGE); /* a frame of which nothing went out is zeros, whatever the hypervisor gives */
	frame->ra = take_page(sim), frame->state = SECURE;
	if (frame->ra)
		svmsim_write(sim, frame->ra, page, PAGE);
	free(page);
	return frame->ra ? U_SUCCESS : U_RETRY;
}

static int64_t page_out(struct svmsim *sim, struct svm *svm, uint64_t ra, uint64_t gpa, uint64_t order)
{
	struct frame *frame = frame_of(svm, gpa, 0);
	uint8_t *page;
	if (order != 16)
		return U_P5;
	if (ra == 0 || ra >= sim->secure_base)
		return U_P2;
	if (svm->phase == SVMSIM_PHASE_ABORT)
		return U_SUCCESS; /* nothing of it is given back */
	if (!in_slot(svm, gpa))
		return U_P3;
	if (!frame || frame->state != SECURE || !frame->ra)
		return U_PARAMETER;
	if (!svm->has_key)
		svmsim_random(sim, svm->page_key, 32), svm->has_key = 1;
	page = malloc(PAGE);
	svmsim_read(sim, frame->ra, page, PAGE);
	memset(frame->iv, 0, 12);
	svmsim_put(frame->iv + 4, ++svm->counter, 8);
	aes_gcm(1, svm->page_key, 32, frame->iv, 12, page, PAGE, frame->tag);
	svmsim_write(sim, ra, page, PAGE);
	free(page);
	give_page(sim, frame->ra);
	frame->ra = 0, frame->state = OUT, frame->fetched = 0;
	return U_SUCCESS;
}

static int64_t get_file(struct svm *svm, struct svmsim_regs *regs)
{
	char path[7 + 64 + 1] = "files/";
	uint32_t bytes;
	uint64_t offset = regs->gpr[4], n;
	uint8_t *plain, piece[64] = {0};
	for (int i = 0; i < 8; i++)
		svmsim_put((uint8_t *)path + 6 + 8 * i, regs->gpr[5 + i], 8);
	if (!svm || svm->phase != SVMSIM_PHASE_SECURE || strchr(path + 6, '/') || !svm->files ||
	    !(plain = opened(svm->files, svm->files_bytes, path, svm->symkey, svm->symkey_bytes, &bytes)))
		return U_PARAMETER;
	n = offset >= bytes ? 0 : bytes - offset < 64 ? bytes - offset : 64;
	memcpy(piece, plain + (n ? offset : 0), n);
	free(plain);
	for (int i = 0; n && i < 8; i++)
		regs->gpr[4 + i] = svmsim_get(piece + 8 * i, 8);
	return (int64_t)n;
}

static int64_t slot(struct svm *svm, const uint64_t *r, int add)
{
	uint64_t id = add ? r[8] : r[5];
	if (id >= SLOTS || (add && (r[5] % PAGE || r[6] % PAGE || svm->slots[id].used)))
		return U_PARAMETER;
	svm->slots[id].gpa = r[5], svm->slots[id].bytes = r[6], svm->slots[id].used = add;
	return U_SUCCESS;
}

static void enter(struct svmsim *sim, void *context, int cause, uint32_t vcpu, struct svmsim_regs *regs)
{
	struct svmsim_regs seen = {0};
	struct svm *svm = svm_of(cause == SVMSIM_CAUSE_ULTRACALL && (regs->msr & SVMSIM_MSR_HV) ? regs->gpr[4] : regs->lpidr);
	int64_t result = U_FUNCTION;
	(void)context;
	if (cause == SVMSIM_CAUSE_HYPERCALL) { /* reflected: number and arguments, nothing else */
		memcpy(seen.gpr + 3, regs->gpr + 3, 9 * sizeof(uint64_t));
		if (svm)
			result = hypercall(sim, svm, (int)seen.gpr[3], seen.gpr + 4, 8, &regs->gpr[4]);
		regs->gpr[3] = (uint64_t)result;
		return;
	}
	if (regs->gpr[3] == UV_ESM && !(regs->msr & (SVMSIM_MSR_HV | SVMSIM_MSR_PR))) {
		esm(sim, vcpu, regs);
		return;
	}
	if (regs->gpr[3] == UV_RETURN) {
		if (waiting && regs->gpr[31] == waiting)
			waiting = 0;
		return;
	}
	if (regs->gpr[3] == UV_ESMB_GET_FILE)
		result = get_file(svm_of(regs->lpidr), regs);
	else if (!(regs->msr & SVMSIM_MSR_HV))
		result = U_FUNCTION; /* the rest is the hypervisor's */
	else if (regs->gpr[3] == UV_WRITE_PATE)
		result = U_SUCCESS;
	else if (!svm)
		result = U_PARAMETER;
	else if (regs->gpr[3] == UV_REGISTER_MEM_SLOT || regs->gpr[3] == UV_UNREGISTER_MEM_SLOT)
		result = slot(svm, regs->gpr, regs->gpr[3] == UV_REGISTER_MEM_SLOT);
	else if (regs->gpr[3] == UV_PAGE_IN)
		result = page_in(sim, svm, regs->gpr[5], regs->gpr[6], regs->gpr[8]);
	else if (regs->gpr[3] == UV_PAGE_OUT)
		result = page_out(sim, svm, regs->gpr[5], regs->gpr[6], regs->gpr[8]);
	else if (regs->gpr[3] == UV_PAGE_INVAL)
		result = U_P2; /* nothing stays shared here */
	else if (regs->gpr[3] == UV_SVM_TERMINATE)
		forget(sim, svm), result = U_SUCCESS;
	regs->gpr[3] = (uint64_t)result;
}

static int translate(struct svmsim *sim, void *context, uint32_t lpid, uint64_t gpa, int access, uint32_t vcpu, uint64_t *ra)
{
	struct svm *svm = svm_of(lpid);
	struct frame *frame = svm ? frame_of(svm, gpa, access == SVMSIM_ACCESS_WRITE) : NULL;
	(void)context;
	if (!frame)
		return SVMSIM_MAPPING_NOTHING;
	svm->vcpu = vcpu;
	if (frame->state == OUT) {
		if (access == SVMSIM_ACCESS_LOOK || hypercall(sim, svm, H_SVM_PAGE_IN, (uint64_t[]){gpa & ~(uint64_t)(PAGE - 1), 0, 16}, 3, NULL) != 0 || frame->state == OUT)
			return SVMSIM_MAPPING_FAULT;
	}
	if (!frame->ra && access == SVMSIM_ACCESS_WRITE)
		frame->ra = take_page(sim);
	*ra = frame->ra;
	return frame->ra ? SVMSIM_MAPPING_PAGE : access == SVMSIM_ACCESS_WRITE ? SVMSIM_MAPPING_FAULT : SVMSIM_MAPPING_NOTHING;
}

static int phase(struct svmsim *sim, void *context, uint32_t lpid)
{
	(void)sim, (void)context;
	return svm_of(lpid) ? svm_of(lpid)->phase : SVMSIM_PHASE_NONE;
}

static void start(struct svmsim *sim, void *context, const uint8_t *fdt, size_t bytes)
{
	(void)context;
	for (int i = 0; i < SVMS; i++)
		forget(sim, svms + i);
	free(uv_fdt);
	uv_fdt = malloc(bytes + 1), uv_fdt_bytes = bytes;
	memcpy(uv_fdt, fdt, bytes);
	waiting = 0;
}

static void serve(int fd)
{
	static const struct svmsim_handlers handlers = {start, enter, translate, phase};
	struct svmsim sim = {.fd = fd, .name = "example-ultravisor", .handlers = &handlers};
	free_pages = calloc(1, 1 << 16);
	svmsim_serve(&sim);
}

int main(int argc, char **argv)
{
	int fd, listening = argc == 3 && !strcmp(argv[1], "--listen");
	if (!listening && (argc != 3 || strcmp(argv[1], "--connect"))) {
		fprintf(stderr, "usage: %s --listen PATH | --connect PATH\n", argv[0]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if ((fd = listening ? svmsim_listen(argv[2]) : svmsim_connect(argv[2])) < 0) {
		perror(argv[2]);
		return 1;
	}
	if (!listening)
		serve(fd);
	puts("ready"), fflush(stdout);
	for (;;) { /* a process for each run of a scenario */
		int one = accept(fd, NULL, NULL);
		if (one >= 0 && fork() == 0) {
			close(fd);
			serve(one);
		}
		close(one);
	}
}
