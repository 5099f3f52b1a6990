/*
 * SPDX-FileCopyrightText: failover.cluster contributors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into linux.uml on processors with AMX.
 *
 * The kernel of a node keeps the floating point registers of its processes in room for all
 * registers up to AVX-512, and the host refuses to set less than all that its processor has
 * (EFAULT). No process of a node can use the rest: the node's kernel gives nobody leave to. So it is
 * completed with zeros, which the host takes for the initial state.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ROOM 65536

typedef long (*ptrace_call)(int request, pid_t pid, void *address, void *data);

static ptrace_call next;
/* Static: a kernel stack of the node has no room for it, and one thread alone traces. */
static unsigned char full[ROOM] __attribute__((aligned(64)));
static size_t size;

__attribute__((constructor)) static void find(void)
{
	next = (ptrace_call)dlsym(RTLD_NEXT, "ptrace");
}

/* The bytes that the host wants, 0 if it does not say. */
static size_t wanted(pid_t pid)
{
	struct iovec all = { full, sizeof(full) };

	if (size == 0 && next(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all) == 0)
		size = all.iov_len;
	return size;
}

long ptrace(enum __ptrace_request request, ...)
{
	__builtin_va_list rest;
	pid_t pid;
	void *address, *data;

	__builtin_va_start(rest, request);
	pid = __builtin_va_arg(rest, pid_t);
	address = __builtin_va_arg(rest, void *);
	data = __builtin_va_arg(rest, void *);
	__builtin_va_end(rest);
	if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) {
		const struct iovec *given = data;
		size_t all = wanted(pid);

		if (given->iov_len < all) {
			struct iovec whole = { full, all };

			memcpy(full, given->iov_base, given->iov_len);
			memset(full + given->iov_len, 0, all - given->iov_len);
			return next(request, pid, address, &whole);
		}
	}
	return next(request, pid, address, data);
}
