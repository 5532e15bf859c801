/*
 * A unix-socket proxy before PostgreSQL that breaks connections at a chosen moment. One thread;
 * every connection that matches the armed trigger is dealt with once, then the proxy passes again.
 */
#ifndef FIRN_TEST_PROXY_H
#define FIRN_TEST_PROXY_H

#include <stdbool.h>

enum proxy_fault {
	PROXY_PASS,
	PROXY_CUT_REQUEST, /* the bytes with the trigger never reach the server */
	PROXY_CUT_REPLY,   /* they do, the server answers, the answer is thrown away */
	PROXY_FREEZE	   /* they do, and nothing passes on that connection any more */
};

struct proxy;
/* ret_conninfo: that of the server, through the proxy. */
struct proxy *proxy_start(const char *conninfo, char ret_conninfo[static 512]);
void proxy_stop(struct proxy *proxy);
/* Arms one fault for the next bytes from a client that contain trigger. */
void proxy_arm(struct proxy *proxy, enum proxy_fault fault, const char *trigger);
/* While on, new connections are closed at once. */
void proxy_refuse(struct proxy *proxy, bool on);
unsigned proxy_refused(struct proxy *proxy);

#endif
