-- The catalog. Names and paths compare bytewise (COLLATE "C"), so that order, uniqueness and ranges
-- are the same on every server. Ids are internal; clients see names and UUIDs.

-- One row per setting that the program itself makes (e.g. the key that authenticates page tokens).
create table setting (
	name text primary key,
	value bytea not null
);

create table warehouse (
	id bigint generated always as identity primary key,
	uuid uuid not null unique,
	name text collate "C" not null unique,
	-- As the administrator spelled it, and in normal form with a trailing slash.
	location text not null,
	location_key text collate "C" not null unique,
	-- Storage profile without secrets; profile_version grows with every change and keys caches.
	profile jsonb not null,
	secret_sealed bytea,
	profile_version bigint not null default 1,
	properties jsonb not null default '{}',
	protected boolean not null default false,
	undrop_seconds bigint not null default 604800 check (undrop_seconds >= 0),
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);

-- path: all levels joined by U+001F, which no level may contain. parent: the same without the last
-- level, '' at the root.
create table namespace (
	id bigint generated always as identity primary key,
	warehouse_id bigint not null references warehouse,
	path text collate "C" not null,
	parent text collate "C" not null,
	name text collate "C" not null,
	properties jsonb not null default '{}',
	protected boolean not null default false,
	created_at timestamptz not null default now(),
	unique (warehouse_id, path)
);
create unique index namespace_children on namespace (warehouse_id, parent, name);

-- Ids of tables and views are taken before their row exists: a reservation names its future owner.
create sequence tabular_id as bigint;

-- Tables and views share one relation and one unique name per namespace. version only grows; it is
-- what a commit compares and swaps (a location can come back, a version cannot).
create table tabular (
	id bigint primary key,
	warehouse_id bigint not null references warehouse,
	namespace_id bigint not null references namespace,
	name text collate "C" not null,
	kind text not null check (kind in ('table', 'view')),
	uuid uuid not null,
	version bigint not null check (version > 0),
	location text not null,
	metadata_location text not null,
	metadata_sha256 bytea not null check (length(metadata_sha256) = 32),
	metadata_length bigint not null check (metadata_length > 0),
	protected boolean not null default false,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	unique (namespace_id, name)
) with (fillfactor = 70);
create index tabular_by_warehouse on tabular (warehouse_id, name);
create unique index tabular_by_uuid on tabular (warehouse_id, uuid);

-- Who owns which place, in normal form with a trailing slash: one row per live table or view, and
-- one per reservation that is not yet (or never became) a table: reserved_until is null once live.
create table location (
	path text collate "C" primary key,
	warehouse_id bigint not null references warehouse,
	tabular_id bigint not null unique,
	uuid uuid not null,
	reserved_until timestamptz
);
create index location_reserved on location (reserved_until) where reserved_until is not null;

-- Dropped tables and views that undrop can bring back until restorable_until.
create table dropped (
	id bigint primary key,
	warehouse_id bigint not null references warehouse,
	namespace_path text collate "C" not null,
	name text collate "C" not null,
	kind text not null check (kind in ('table', 'view')),
	uuid uuid not null,
	version bigint not null,
	location text not null,
	metadata_location text not null,
	metadata_sha256 bytea not null,
	metadata_length bigint not null,
	created_at timestamptz not null,
	dropped_at timestamptz not null default now(),
	dropped_by text not null,
	restorable_until timestamptz not null
);
create index dropped_by_name on dropped (warehouse_id, namespace_path, name, dropped_at);
create index dropped_expiry on dropped (restorable_until);

-- Purges that were asked for; the files go no earlier than not_before, each path re-checked then.
create table purge (
	tabular_id bigint primary key,
	warehouse_id bigint not null references warehouse,
	location text not null,
	metadata_location text not null,
	requested_at timestamptz not null default now(),
	requested_by text not null,
	not_before timestamptz not null
);
create index purge_due on purge (not_before);

-- One row per version of a table or view; outlives the table for as long as undrop may need it.
create table commit_log (
	tabular_id bigint not null,
	version bigint not null,
	commit_id uuid not null,
	at timestamptz not null default now(),
	principal text not null,
	request_id text not null,
	operation text not null,
	update_kinds text[] not null default '{}',
	old_metadata_location text,
	metadata_location text not null,
	metadata_sha256 bytea not null,
	metadata_length bigint not null,
	snapshot_id bigint,
	primary key (tabular_id, version)
);

-- The outbox. id is taken inside the writer's transaction, so ids become visible out of order;
-- number is given afterwards, by one replica at a time, and is what readers follow.
create table event (
	id bigint generated always as identity primary key,
	number bigint unique,
	commit_id uuid not null,
	at timestamptz not null default now(),
	kind text not null,
	warehouse_id bigint,
	warehouse_name text,
	namespace_path text collate "C",
	name text collate "C",
	tabular_id bigint,
	version bigint,
	principal text not null,
	request_id text not null,
	detail jsonb not null default '{}'
);
create index event_unnumbered on event (id) where number is null;
create index event_by_commit on event (commit_id);
create index event_by_time on event (at);
create sequence event_number as bigint;

create table idempotency (
	principal text not null,
	key text collate "C" not null,
	operation text not null,
	request_sha256 bytea not null,
	outcome jsonb not null,
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,
	primary key (principal, key)
);
create index idempotency_expiry on idempotency (expires_at);

create table function (
	id bigint generated always as identity primary key,
	namespace_id bigint not null references namespace,
	name text collate "C" not null,
	uuid uuid not null,
	metadata json not null,
	created_at timestamptz not null default now(),
	unique (namespace_id, name)
);

create table metrics_report (
	id bigint generated always as identity primary key,
	warehouse_id bigint not null references warehouse on delete cascade,
	tabular_id bigint not null,
	received_at timestamptz not null default now(),
	principal text not null,
	report json not null
);
create index metrics_report_by_table on metrics_report (tabular_id, received_at);
create index metrics_report_by_time on metrics_report (received_at);
