/* What `firn dev` prints once it answers: the URI and snippets to paste. */
#ifndef FIRN_SERVER_BANNER_H
#define FIRN_SERVER_BANNER_H

#include "config.h"

/* warehouse: the demo warehouse's location. */
void firn_banner_print(const struct firn_config *config, struct firn_str warehouse);

#endif
