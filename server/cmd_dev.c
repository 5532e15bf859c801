/*
 * firn dev: everything a first user needs in one command: a private PostgreSQL, migrations, the
 * warehouse `demo`, the server. A second run reuses all of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "banner.h"
#include "command.h"
#include "data_dir.h"
#include "embedded_pg.h"
#include "firn/arena.h"
#include "firn/catalog.h"
#include "firn/db.h"
#include "firn/log.h"
#include "run.h"

struct dev {
	struct firn_config config;
	struct firn_data_dir dir;
	struct firn_embedded_pg pg;
	struct firn_str warehouse; /* location of `demo` */
	int ready_fd;		   /* of the waiting parent, with --detach; else -1 */
};

/* ---- the demo warehouse --------------------------------------------------------------------- */

static firn_rc storage_json(struct firn_ctx *cx, const struct firn_config *config,
			    const struct firn_json **ret_json)
{
	struct firn_buf text;
	struct firn_jw w;
	struct firn_str json;

	firn_buf_init(&text, cx, 64 * 1024);
	firn_jw_init(&w, &text);
	firn_jw_begin(&w, '{');
	firn_jw_key(&w, "type");
	firn_jw_cstr(&w, "s3");
	firn_jw_key(&w, "endpoint");
	firn_jw_str(&w, config->s3_endpoint);
	firn_jw_key(&w, "region");
	firn_jw_str(&w, config->s3_region);
	firn_jw_key(&w, "path-style");
	firn_jw_bool(&w, config->s3_path_style);
	if (config->s3_access_key.n) {
		firn_jw_key(&w, "access-key-id");
		firn_jw_str(&w, config->s3_access_key);
		firn_jw_key(&w, "secret-access-key");
		firn_jw_str(&w, config->s3_secret_key);
	}
	firn_jw_end(&w, '}');
	FIRN_TRY(firn_buf_end(&text, &json));
	return firn_json_parse(cx, json, "storage", ret_json);
}

/* `demo` as it is, or NO_SUCH_WAREHOUSE. */
static firn_rc find_demo(struct firn_ctx *cx, struct firn_warehouse *ret_warehouse)
{
	struct firn_ask *ask;
	const struct firn_rows *rows;
	FIRN_TRY(firn_warehouse_ask(cx, FIRN_STR("demo"), &ask));
	FIRN_TRY(firn_db_query(cx, ask->sql, &ask->params, &rows));
	return firn_warehouse_read(cx, FIRN_STR("demo"), rows, ret_warehouse);
}

static firn_rc check_location(struct firn_ctx *cx, const struct dev *dev,
			      const struct firn_warehouse *found)
{
	if (dev->config.warehouse.n && !firn_str_eq(found->location, dev->config.warehouse))
		return firn_fail(cx, FIRN_E_CONFLICT,
				 "The warehouse `demo` of this data directory lies at %.*s, not at "
				 "%.*s: choose another --data-dir",
				 FIRN_FMT(found->location), FIRN_FMT(dev->config.warehouse));
	return FIRN_OK;
}

static firn_rc put_demo(struct firn_ctx *cx, struct firn_catalog *catalog, struct dev *dev)
{
	const struct firn_config *config = &dev->config;
	struct firn_warehouse_spec spec = {.name = FIRN_STR("demo"), .location = config->warehouse};
	bool s3 = firn_str_starts(config->warehouse, FIRN_STR("s3"));
	struct firn_mutation mutation = {0};
	struct firn_warehouse found;
	struct firn_outcome outcome;
	firn_rc rc = find_demo(cx, &found);

	if (rc != FIRN_OK && rc != FIRN_E_NO_SUCH_WAREHOUSE)
		return rc;
	if (rc == FIRN_OK) {
		dev->warehouse = found.location;
		FIRN_TRY(check_location(cx, dev, &found));
		if (!s3)
			return FIRN_OK;
	}
	firn_err_clear(cx);
	FIRN_TRY(firn_access_check(cx, "createWarehouse", &mutation.pass));
	if (s3)
		FIRN_TRY(storage_json(cx, config, &spec.storage));
	if (spec.location.n == 0)
		spec.location = firn_printf(cx, "file://%.*s/warehouse", FIRN_FMT(dev->dir.path));
	if (rc == FIRN_OK) /* the keys may have changed */
		return firn_warehouse_update(cx, catalog, &mutation, spec.name, &spec, &outcome);
	dev->warehouse = spec.location;
	return firn_warehouse_create(cx, catalog, &mutation, &spec, &outcome);
}

static firn_rc ensure_demo(struct firn_ctx *cx, struct dev *dev)
{
	struct firn_catalog_config config = {.cache_bytes = 1 << 20,
					     .metadata_ceiling = 1 << 20,
					     .commit_attempts = 1,
					     .idempotency_seconds = 1,
					     .staged_seconds = 1,
					     .allow_local_files = true};
	struct firn_catalog *catalog;
	firn_rc rc;

	FIRN_TRY(firn_config_master_key(cx, &dev->config, config.master_key,
					&config.has_master_key));
	FIRN_TRY(firn_catalog_open(cx, &config, &catalog));
	rc = put_demo(cx, catalog, dev);
	firn_catalog_free(catalog);
	return rc;
}

/* ---- life ----------------------------------------------------------------------------------- */

static firn_rc prepare(struct firn_ctx *cx, struct dev *dev)
{
	firn_rc rc = firn_run_connect(cx, dev->pg.conninfo);
	if (rc == FIRN_OK)
		rc = firn_schema_migrate(cx, NULL);
	if (rc == FIRN_OK)
		rc = ensure_demo(cx, dev);
	firn_run_disconnect(cx);
	return rc;
}

/* "R" = ready; anything else is the message of a failure. */
static void tell_parent(struct dev *dev, const char *text)
{
	ssize_t n = write(dev->ready_fd, text, strlen(text));
	(void)n; /* a parent that is gone needs no word */
	(void)close(dev->ready_fd);
	dev->ready_fd = -1;
}

static void on_ready(void *arg)
{
	struct dev *dev = arg;
	firn_banner_print(&dev->config, dev->warehouse);
	if (dev->ready_fd < 0)
		return;
	(void)dup2(STDERR_FILENO, STDOUT_FILENO); /* let go of the caller's terminal or pipe */
	tell_parent(dev, "R");
}

static firn_rc tell_url(struct firn_ctx *cx, const struct dev *dev)
{
	struct firn_str url = dev->config.base_url;
	if (url.n == 0)
		url = firn_printf(cx, "http://%.*s", FIRN_FMT(dev->config.listen));
	return url.p ? firn_data_dir_tell_url(cx, &dev->dir, url) : cx->err.code;
}

static firn_rc serve(struct firn_ctx *cx, struct dev *dev)
{
	firn_rc rc;

	FIRN_TRY(firn_data_dir_sign(cx, &dev->dir));
	FIRN_TRY(firn_embedded_pg_start(cx, dev->dir.path, &dev->pg));
	rc = prepare(cx, dev);
	if (rc == FIRN_OK)
		rc = tell_url(cx, dev);
	if (rc == FIRN_OK)
		rc = firn_run_server(cx, &dev->config, dev->pg.conninfo, on_ready, dev);
	firn_embedded_pg_stop(&dev->pg);
	return rc;
}

static firn_rc redirect_output(struct firn_ctx *cx, const struct dev *dev)
{
	struct firn_str path = firn_printf(cx, "%.*s/firn.log", FIRN_FMT(dev->dir.path));
	int log_fd = path.p ? open(path.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (log_fd < 0 || null_fd < 0 || dup2(log_fd, STDERR_FILENO) < 0 ||
	    dup2(null_fd, STDIN_FILENO) < 0)
		return firn_fail(cx, FIRN_E_INTERNAL, "The log file %.*s can't be opened",
				 FIRN_FMT(path));
	return FIRN_OK;
}

/* The parent: until the child says that it answers, or ends. */
static enum firn_exit wait_for_child(int fd, pid_t child, const struct dev *dev)
{
	char text[1024];
	int status = 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	if (n == 1 && text[0] == 'R')
		return FIRN_EXIT_OK;
	(void)waitpid(child, &status, 0);
	if (n > 0)
		(void)fprintf(stderr, "firn: %.*s\n", (int)n, text);
	(void)fprintf(stderr, "hint: %.*s/firn.log tells more\n", FIRN_FMT(dev->dir.path));
	return WIFEXITED(status) && WEXITSTATUS(status) ? (enum firn_exit)WEXITSTATUS(status)
							: FIRN_EXIT_FAILED;
}

static enum firn_exit finish(struct firn_ctx *cx, struct dev *dev, firn_rc rc)
{
	firn_data_dir_close(&dev->dir);
	if (rc != FIRN_OK && dev->ready_fd >= 0)
		tell_parent(dev, cx->err.message);
	return rc == FIRN_OK ? FIRN_EXIT_OK : firn_command_fail(cx, NULL);
}

static enum firn_exit detach(struct firn_ctx *cx, struct dev *dev)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0 || (child = fork()) < 0)
		return finish(
			cx, dev,
			firn_fail(cx, FIRN_E_INTERNAL, "The system starts no more processes"));
	if (child > 0) {
		(void)close(fds[1]);
		(void)close(dev->dir.lock_fd); /* the child's now */
		return wait_for_child(fds[0], child, dev);
	}
	(void)close(fds[0]);
	(void)setsid();
	dev->ready_fd = fds[1];
	if (redirect_output(cx, dev) != FIRN_OK)
		return finish(cx, dev, cx->err.code);
	return finish(cx, dev, serve(cx, dev));
}

static firn_rc configure(struct firn_invocation *in, struct dev *dev)
{
	struct firn_config_load load;

	FIRN_TRY(firn_config_load(in->cx, FIRN_STR_NONE, &in->options, &load));
	dev->config = load.config;
	dev->config.local_files = true;
	FIRN_TRY(firn_run_setup_log(in->cx, &dev->config));
	FIRN_TRY(firn_data_dir_open(in->cx, &dev->config, &dev->dir));
	if (dev->config.master_key.n == 0 && dev->config.master_key_file.n == 0)
		FIRN_TRY(firn_data_dir_master_key(in->cx, &dev->dir, &dev->config.master_key_file));
	return FIRN_OK;
}

enum firn_exit firn_cmd_dev(struct firn_invocation *in)
{
	struct dev dev = {.dir = {.lock_fd = -1}, .ready_fd = -1};

	firn_run_hold_signals();
	if (configure(in, &dev) != FIRN_OK)
		return finish(in->cx, &dev, in->cx->err.code);
	if (firn_flag(in, "detach"))
		return detach(in->cx, &dev);
	return finish(in->cx, &dev, serve(in->cx, &dev));
}
