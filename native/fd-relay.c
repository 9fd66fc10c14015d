/*
 * fd-relay LISTEN CONTROL DATA
 *
 * Listens on the Unix socket LISTEN for programs that speak swtpm's control protocol and hand over the data channel as a
 * descriptor (CMD_SET_DATAFD with SCM_RIGHTS, unix(7)), as QEMU's "-tpmdev emulator" does. Each client's control bytes go to
 * the Unix socket CONTROL and back; a descriptor that comes with them is connected to the Unix socket DATA. A process for each
 * client. Says "ready" on standard output when it listens, and ends when standard input does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENT, CONTROL, HANDED, DATA, ENDS };

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int unix_socket(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address->sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    return fd;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail(path);
    return fd;
}

/* A socket that nobody listens on was left by a program that was killed; anything else at this path is not ours to remove. */
static void remove_stale(const char *path)
{
    struct stat there;
    if (lstat(path, &there) < 0 || !S_ISSOCK(there.st_mode))
        return;
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

static int listen_on(const char *path)
{
    remove_stale(path);
    struct sockaddr_un address;
    int fd = unix_socket(path, &address);
    mode_t before = umask(0177); /* whoever can connect can use the TPM: the owner alone */
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
        fail(path);
    umask(before);
    return fd;
}

static int write_all(int fd, const char *bytes, ssize_t count)
{
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return -1;
        bytes += done;
        count -= done;
    }
    return 0;
}

/* Bytes of one end, and the descriptor that may come beside them: the last of them, if there are several. */
static ssize_t receive(int from, char *bytes, size_t room, int *handed)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int) * 8)];
    } control;
    struct iovec io = {bytes, room};
    struct msghdr message = {.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t count;
    do
        count = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return count;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            if (*handed >= 0)
                close(*handed);
            memcpy(handed, (char *)c + at, sizeof(int));
        }
    }
    return count;
}

/* One client, until it or the server ends the control channel. */
static void serve(int client, const char *control_path, const char *data_path)
{
    int ends[ENDS] = {[CLIENT] = client, [CONTROL] = connect_to(control_path), [HANDED] = -1, [DATA] = -1};
    char bytes[65536];
    for (;;) {
        struct pollfd polled[ENDS];
        for (int i = 0; i < ENDS; i++)
            polled[i] = (struct pollfd){.fd = ends[i], .events = POLLIN};
        if (poll(polled, ENDS, -1) < 0) {
            if (errno == EINTR)
                continue;
            fail("poll");
        }
        for (int i = 0; i < ENDS; i++) {
            /* An end that was replaced in this round has no news yet. */
            if (!polled[i].revents || polled[i].fd != ends[i])
                continue;
            int handed = -1;
            ssize_t count = receive(ends[i], bytes, sizeof bytes, &handed);
            if (handed >= 0 && i == CLIENT) {
                if (ends[HANDED] >= 0) {
                    close(ends[HANDED]);
                    close(ends[DATA]);
                }
                ends[HANDED] = handed;
                ends[DATA] = connect_to(data_path);
            } else if (handed >= 0)
                close(handed);
            if (count > 0 && write_all(ends[i ^ 1], bytes, count) == 0)
                continue;
            if (i == CLIENT || i == CONTROL)
                return;
            close(ends[HANDED]);
            close(ends[DATA]);
            ends[HANDED] = ends[DATA] = -1;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s LISTEN CONTROL DATA\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN); /* clients' processes leave no zombies */
    int listening = listen_on(argv[1]);
    if (write_all(STDOUT_FILENO, "ready\n", 6) < 0)
        return 1;
    for (;;) {
        struct pollfd polled[2] = {{.fd = listening, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            fail("poll");
        if (polled[1].revents) {
            char byte;
            if (read(STDIN_FILENO, &byte, 1) <= 0)
                break;
        }
        if (!polled[0].revents)
            continue;
        int client = accept(listening, NULL, NULL);
        if (client < 0)
            continue;
        pid_t child = fork();
        if (child == 0) {
            close(listening);
            close(STDIN_FILENO);
            serve(client, argv[2], argv[3]);
            return 0;
        }
        if (child < 0)
            fprintf(stderr, "fork: %s\n", strerror(errno));
        close(client);
    }
    unlink(argv[1]);
    return 0;
}
