-- Which transactions changed the set of a namespace's tables and views, or their names. A list that
-- was read under some snapshot is still right while no change outside that snapshot is committed.
-- Rows are kept for longer than anybody keeps a list.
create table membership_change (
	namespace_id bigint not null,
	xid xid8 not null default pg_current_xact_id(),
	at timestamptz not null default now()
);
create index membership_change_by_namespace on membership_change (namespace_id, xid);
create index membership_change_by_time on membership_change (at);

-- A trigger, so that no statement can forget it; commits don't set these columns and don't pay.
create function note_membership_change() returns trigger language plpgsql as $$
begin
	if tg_op <> 'INSERT' then
		insert into membership_change (namespace_id) values (old.namespace_id);
	end if;
	if tg_op <> 'DELETE' then
		insert into membership_change (namespace_id) values (new.namespace_id);
	end if;
	return null;
end
$$;
create trigger tabular_membership
	after insert or delete or update of namespace_id, name, kind on tabular
	for each row execute function note_membership_change();
