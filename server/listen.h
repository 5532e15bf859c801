/* The listening socket: one per loop on the same address; the kernel spreads connections. */
#ifndef FIRN_SERVER_LISTEN_H
#define FIRN_SERVER_LISTEN_H

#include <sys/socket.h>

#include "firn/str.h"

/* address: "127.0.0.1:8181" or "[::1]:8181". BAD_REQUEST names what is wrong with it, CONFLICT says
 * that the port is taken. The descriptor is non-blocking and close-on-exec. */
firn_rc firn_listen(struct firn_ctx *cx, struct firn_str address, int *ret_fd) FIRN_MUST;
/* The loops share the port (SO_REUSEPORT), and so would a second server without a word: asked once
 * before the loops listen. CONFLICT when another program listens there. */
firn_rc firn_listen_is_free(struct firn_ctx *cx, struct firn_str address) FIRN_MUST;
/* The address alone: BAD_REQUEST as firn_listen. */
firn_rc firn_listen_check(struct firn_ctx *cx, struct firn_str address) FIRN_MUST;
/* True when the address binds loopback only. */
bool firn_listen_is_loopback(struct firn_str address);
/* 127.0.0.0/8, ::1, and the former as IPv6. */
bool firn_address_is_loopback(const struct sockaddr *address);

#endif
