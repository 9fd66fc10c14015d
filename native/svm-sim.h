/*
 * svm-sim.h: the wire between svm-sim and an Ultravisor of your own. C11 and POSIX sockets, nothing else; either endianness.
 * docs/own-firmware.md of svm-sim tells how it is used; example-ultravisor.c uses all of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SVM_SIM_H
#define SVM_SIM_H

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SVMSIM_VERSION 1
#define SVMSIM_MAGIC 0x53564d53u
#define SVMSIM_MESSAGE_LIMIT (1u << 20)
#define SVMSIM_PAGE_BYTES 0x10000u

/* Messages: type byte. What each one holds stands in docs/own-firmware.md. */
enum {
	SVMSIM_HELLO = 0x01, SVMSIM_START = 0x02, SVMSIM_ENTER = 0x03, SVMSIM_TRANSLATE = 0x04, SVMSIM_ASK = 0x05,
	SVMSIM_DONE = 0x10, SVMSIM_LEAVE = 0x11, SVMSIM_MAPPED = 0x12, SVMSIM_SVM = 0x13, SVMSIM_DATA = 0x14, SVMSIM_BACK = 0x15, SVMSIM_GONE = 0x16,
	SVMSIM_READ = 0x20, SVMSIM_WRITE = 0x21, SVMSIM_HYPERVISOR = 0x22, SVMSIM_RANDOM = 0x23, SVMSIM_TELL = 0x24, SVMSIM_SECRET = 0x25,
	SVMSIM_REFUSED = 0x7f
};

enum { SVMSIM_CAUSE_ULTRACALL = 1, SVMSIM_CAUSE_HYPERCALL = 2 };
enum { SVMSIM_ACCESS_READ = 0, SVMSIM_ACCESS_WRITE = 1, SVMSIM_ACCESS_LOOK = 2 };
enum { SVMSIM_MAPPING_PAGE = 0, SVMSIM_MAPPING_NOTHING = 1, SVMSIM_MAPPING_FAULT = 2 };
enum { SVMSIM_PHASE_NONE = 0, SVMSIM_PHASE_ACTIVE = 1, SVMSIM_PHASE_SECURE = 2, SVMSIM_PHASE_ABORT = 3, SVMSIM_PHASE_UNKNOWN = 255 };
enum { SVMSIM_TELL_NOTE = 0, SVMSIM_TELL_CHECK_HELD = 1, SVMSIM_TELL_CHECK_FAILED = 2 };
enum { SVMSIM_REFUSAL_PROTOCOL = 1, SVMSIM_REFUSAL_ADDRESS = 2, SVMSIM_REFUSAL_SIZE = 3, SVMSIM_REFUSAL_UNSUPPORTED = 4 };

/* The registers that cross between worlds, in the order of the wire. */
struct svmsim_regs {
	uint64_t gpr[32];
	uint64_t cr, lr, ctr, xer, msr, pc, srr0, srr1, hsrr0, hsrr1, lpidr, pidr;
	uint64_t asdr, hdar, hdsisr;
};
#define SVMSIM_REG_COUNT (sizeof(struct svmsim_regs) / sizeof(uint64_t))

#define SVMSIM_MSR_SF (1ull << 63)
#define SVMSIM_MSR_HV (1ull << 60)
#define SVMSIM_MSR_S (1ull << 22)
#define SVMSIM_MSR_EE (1ull << 15)
#define SVMSIM_MSR_PR (1ull << 14)
#define SVMSIM_MSR_ME (1ull << 12)
#define SVMSIM_MSR_LE (1ull << 0)

struct svmsim;

/* What the simulator asks of you. `context` is yours. */
struct svmsim_handlers {
	void (*start)(struct svmsim *, void *context, const uint8_t *uv_fdt, size_t bytes);
	/* A processor enters: what is in `regs` when you return is what it leaves with. */
	void (*enter)(struct svmsim *, void *context, int cause, uint32_t vcpu, struct svmsim_regs *regs);
	/* SVMSIM_MAPPING_*; a page's real address goes into *ra. With SVMSIM_ACCESS_LOOK nothing may change. */
	int (*translate)(struct svmsim *, void *context, uint32_t lpid, uint64_t gpa, int access, uint32_t vcpu, uint64_t *ra);
	/* SVMSIM_PHASE_* */
	int (*phase)(struct svmsim *, void *context, uint32_t lpid);
};

struct svmsim {
	int fd;
	uint32_t next_id;
	const char *name;
	const struct svmsim_handlers *handlers;
	void *context;
	/* From the simulator's HELLO. */
	uint64_t secure_base;
	uint32_t secure_pages;
	jmp_buf top;
};

/* A request that was refused, or a wire that broke. Ends the process unless you define it yourself. */
#ifndef SVMSIM_FAIL
#define SVMSIM_FAIL(what) (fprintf(stderr, "svm-sim: %s\n", (what)), exit(1))
#endif

static inline void svmsim_put(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static inline uint64_t svmsim_get(const uint8_t *at, int bytes)
{
	uint64_t value = 0;
	for (int i = 0; i < bytes; i++)
		value = value << 8 | at[i];
	return value;
}

static inline void svmsim_put_regs(uint8_t *at, const struct svmsim_regs *regs)
{
	const uint64_t *from = (const uint64_t *)regs;
	for (size_t i = 0; i < SVMSIM_REG_COUNT; i++)
		svmsim_put(at + 8 * i, from[i], 8);
}

static inline void svmsim_get_regs(const uint8_t *at, struct svmsim_regs *regs)
{
	uint64_t *to = (uint64_t *)regs;
	for (size_t i = 0; i < SVMSIM_REG_COUNT; i++)
		to[i] = svmsim_get(at + 8 * i, 8);
}

static inline void svmsim_all(int fd, uint8_t *bytes, size_t count, int out)
{
	while (count > 0) {
		ssize_t done = out ? write(fd, bytes, count) : read(fd, bytes, count);
		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0 && !out)
			exit(0); /* the simulator hung up: the run is over */
		if (done <= 0) {
			SVMSIM_FAIL("the connection broke");
			return;
		}
		bytes += done;
		count -= (size_t)done;
	}
}

static inline void svmsim_send(struct svmsim *sim, int type, uint32_t id, const void *body, size_t bytes)
{
	uint8_t *frame = malloc(9 + bytes);
	if (!frame) {
		SVMSIM_FAIL("no memory");
		return;
	}
	svmsim_put(frame, 5 + bytes, 4);
	frame[4] = (uint8_t)type;
	svmsim_put(frame + 5, id, 4);
	if (bytes)
		memcpy(frame + 9, body, bytes);
	svmsim_all(sim->fd, frame, 9 + bytes, 1);
	free(frame);
}

/* A message; *body is yours to free. */
static inline int svmsim_receive(struct svmsim *sim, uint32_t *id, uint8_t **body, size_t *bytes)
{
	uint8_t header[9];
	svmsim_all(sim->fd, header, sizeof header, 0);
	size_t length = (size_t)svmsim_get(header, 4);
	if (length < 5 || length > SVMSIM_MESSAGE_LIMIT)
		SVMSIM_FAIL("a message of an impossible length");
	*id = (uint32_t)svmsim_get(header + 5, 4);
	*bytes = length - 5;
	*body = malloc(*bytes + 1);
	if (!*body)
		SVMSIM_FAIL("no memory");
	svmsim_all(sim->fd, *body, *bytes, 0);
	(*body)[*bytes] = 0;
	if (header[4] == SVMSIM_GONE) { /* the processor does not go on: whatever waits here is void */
		free(*body);
		svmsim_send(sim, SVMSIM_GONE, *id, NULL, 0);
		longjmp(sim->top, 1);
	}
	return header[4];
}

/* Does what a message of the simulator asks. */
static inline void svmsim_dispatch(struct svmsim *sim, int type, uint32_t id, uint8_t *body, size_t bytes)
{
	struct svmsim_regs regs;
	uint8_t out[8 * SVMSIM_REG_COUNT];
	uint64_t ra = 0;

	switch (type) {
	case SVMSIM_HELLO: {
		size_t name = strlen(sim->name);
		uint8_t hello[20 + 256];
		if (svmsim_get(body, 4) != SVMSIM_MAGIC || svmsim_get(body + 4, 2) != SVMSIM_VERSION)
			SVMSIM_FAIL("the simulator speaks another version");
		sim->secure_base = svmsim_get(body + 6, 8);
		sim->secure_pages = (uint32_t)svmsim_get(body + 14, 4);
		name = name > 256 ? 256 : name;
		svmsim_put(hello, SVMSIM_MAGIC, 4);
		svmsim_put(hello + 4, SVMSIM_VERSION, 2);
		memset(hello + 6, 0, 12);
		svmsim_put(hello + 18, name, 2);
		memcpy(hello + 20, sim->name, name);
		svmsim_send(sim, SVMSIM_HELLO, id, hello, 20 + name);
		break;
	}
	case SVMSIM_START:
		sim->handlers->start(sim, sim->context, body + 4, bytes - 4);
		svmsim_send(sim, SVMSIM_DONE, id, NULL, 0);
		break;
	case SVMSIM_ENTER:
		svmsim_get_regs(body + 5, &regs);
		sim->handlers->enter(sim, sim->context, body[0], (uint32_t)svmsim_get(body + 1, 4), &regs);
		svmsim_put_regs(out, &regs);
		svmsim_send(sim, SVMSIM_LEAVE, id, out, sizeof out);
		break;
	case SVMSIM_TRANSLATE:
		out[0] = (uint8_t)sim->handlers->translate(sim, sim->context, (uint32_t)svmsim_get(body, 4), svmsim_get(body + 4, 8), body[12],
							   (uint32_t)svmsim_get(body + 13, 4), &ra);
		svmsim_put(out + 1, ra, 8);
		svmsim_send(sim, SVMSIM_MAPPED, id, out, 9);
		break;
	case SVMSIM_ASK:
		out[0] = (uint8_t)sim->handlers->phase(sim, sim->context, (uint32_t)svmsim_get(body, 4));
		svmsim_send(sim, SVMSIM_SVM, id, out, 1);
		break;
	case SVMSIM_REFUSED:
		SVMSIM_FAIL((char *)body + 4);
		break;
	default:
		SVMSIM_FAIL("a message that is no request came, where one was due or its answer");
	}
}

/*
 * A request of yours, and its answer (yours to free). What the simulator asks meanwhile is done within: entering the hypervisor, say,
 * it comes back with ultracalls before it answers.
 */
static inline uint8_t *svmsim_request(struct svmsim *sim, int type, const void *body, size_t bytes, size_t *answer_bytes)
{
	uint32_t mine = 0x80000000u | sim->next_id++;
	svmsim_send(sim, type, mine, body, bytes);
	for (;;) {
		uint32_t id;
		size_t count;
		uint8_t *got;
		int came = svmsim_receive(sim, &id, &got, &count);
		if (id == mine && came != SVMSIM_REFUSED) {
			*answer_bytes = count;
			return got;
		}
		svmsim_dispatch(sim, came, id, got, count);
		free(got);
	}
}

/* Real memory, normal or secure. Ranges may cross pages. */
static inline void svmsim_read(struct svmsim *sim, uint64_t ra, void *into, size_t bytes)
{
	uint8_t *to = into;
	while (bytes > 0) {
		size_t piece = SVMSIM_PAGE_BYTES - (ra & (SVMSIM_PAGE_BYTES - 1)), count;
		uint8_t body[12], *got;
		piece = piece < bytes ? piece : bytes;
		svmsim_put(body, ra, 8);
		svmsim_put(body + 8, piece, 4);
		got = svmsim_request(sim, SVMSIM_READ, body, sizeof body, &count);
		memcpy(to, got + 4, piece);
		free(got);
		to += piece, ra += piece, bytes -= piece;
	}
}

static inline void svmsim_write(struct svmsim *sim, uint64_t ra, const void *from, size_t bytes)
{
	const uint8_t *at = from;
	uint8_t *body = malloc(12 + SVMSIM_PAGE_BYTES);
	while (body && bytes > 0) {
		size_t piece = SVMSIM_PAGE_BYTES - (ra & (SVMSIM_PAGE_BYTES - 1)), count;
		piece = piece < bytes ? piece : bytes;
		svmsim_put(body, ra, 8);
		svmsim_put(body + 8, piece, 4);
		memcpy(body + 12, at, piece);
		free(svmsim_request(sim, SVMSIM_WRITE, body, 12 + piece, &count));
		at += piece, ra += piece, bytes -= piece;
	}
	free(body);
}

/* Enters the hypervisor at a vector; the registers afterwards are those with which the processor came back. */
static inline void svmsim_hypervisor(struct svmsim *sim, uint32_t vector, uint32_t vcpu, struct svmsim_regs *regs)
{
	uint8_t body[8 + 8 * SVMSIM_REG_COUNT], *got;
	size_t count;
	svmsim_put(body, vector, 4);
	svmsim_put(body + 4, vcpu, 4);
	svmsim_put_regs(body + 8, regs);
	got = svmsim_request(sim, SVMSIM_HYPERVISOR, body, sizeof body, &count);
	svmsim_get_regs(got, regs);
	free(got);
}

static inline void svmsim_random(struct svmsim *sim, void *into, uint32_t bytes)
{
	uint8_t body[4], *got;
	size_t count;
	svmsim_put(body, bytes, 4);
	got = svmsim_request(sim, SVMSIM_RANDOM, body, sizeof body, &count);
	memcpy(into, got + 4, bytes);
	free(got);
}

static inline size_t svmsim_text(uint8_t *at, const char *text)
{
	size_t bytes = strlen(text);
	bytes = bytes > 1024 ? 1024 : bytes;
	svmsim_put(at, bytes, 2);
	memcpy(at + 2, text, bytes);
	return 2 + bytes;
}

/* A line for the timeline: SVMSIM_TELL_*. */
static inline void svmsim_tell(struct svmsim *sim, int kind, const char *name, const char *text)
{
	uint8_t body[1 + 2 * (2 + 1024)];
	size_t bytes = 1;
	body[0] = (uint8_t)kind;
	bytes += svmsim_text(body + bytes, name);
	bytes += svmsim_text(body + bytes, text);
	svmsim_send(sim, SVMSIM_TELL, 0x80000000u | sim->next_id++, body, bytes);
}

/* The simulator watches from now on that the hypervisor never sees these bytes. */
static inline void svmsim_secret(struct svmsim *sim, const char *name, const void *secret, size_t bytes)
{
	uint8_t body[2 + 1024 + 4 + 1024];
	size_t at = svmsim_text(body, name);
	if (bytes > 1024)
		return;
	svmsim_put(body + at, bytes, 4);
	memcpy(body + at + 4, secret, bytes);
	svmsim_send(sim, SVMSIM_SECRET, 0x80000000u | sim->next_id++, body, at + 4 + bytes);
}

/*
 * Serves the simulator on a connected socket; comes to an end with the process, when it hangs up. When a processor does not go on (its VM
 * ended in the midst of a hypercall, say) it comes back here by longjmp: keep your records such that this may happen in any request.
 */
static inline void svmsim_serve(struct svmsim *sim)
{
	(void)setjmp(sim->top);
	for (;;) {
		uint32_t id;
		size_t bytes;
		uint8_t *body;
		int type = svmsim_receive(sim, &id, &body, &bytes);
		svmsim_dispatch(sim, type, id, body, bytes);
		free(body);
	}
}

static inline int svmsim_socket(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof address->sun_path) {
		SVMSIM_FAIL("the path of the socket is too long");
		return -1;
	}
	strcpy(address->sun_path, path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* Connects to `svm-sim firmware serve`; -1: nobody listens. */
static inline int svmsim_connect(const char *path)
{
	struct sockaddr_un address;
	int fd = svmsim_socket(path, &address);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Listens for `svm-sim run`, whose scenario names the place; -1: it cannot. accept(2) gives the connections. */
static inline int svmsim_listen(const char *path)
{
	struct sockaddr_un address;
	int fd = svmsim_socket(path, &address);
	unlink(path);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 16) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

#endif
