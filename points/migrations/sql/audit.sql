-- Who changed what. The triggers are attached after every migration (organisations.audit); this is what they call.

CREATE FUNCTION audit_context_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_id bigint;
  v_said jsonb;
BEGIN
  SELECT id INTO v_id FROM public.points_auditcontext
    WHERE transaction_id = pg_current_xact_id()::text::bigint AND started_at = transaction_timestamp();
  IF FOUND THEN RETURN v_id; END IF;
  BEGIN
    v_said := coalesce(nullif(current_setting('platform.audit', true), ''), '{}')::jsonb;
  EXCEPTION WHEN invalid_text_representation THEN
    v_said := '{}';
  END;
  INSERT INTO public.points_auditcontext (transaction_id, started_at, actor_id, actor_kind, request_id, ip, surface, database_role)
    VALUES (pg_current_xact_id()::text::bigint, transaction_timestamp(), (v_said ->> 'actor_id')::bigint,
      coalesce(v_said ->> 'actor_kind', 'platform'), left(coalesce(v_said ->> 'request_id', ''), 64), (v_said ->> 'ip')::inet,
      left(coalesce(v_said ->> 'surface', ''), 200), session_user)
    RETURNING id INTO v_id;
  RETURN v_id;
END $$;

-- Arguments of the trigger: columns that are never kept (passwords, hashes, what changes by itself).
CREATE FUNCTION audit_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_old jsonb;
  v_new jsonb;
  v_row jsonb;
BEGIN
  IF TG_OP <> 'INSERT' THEN v_old := to_jsonb(OLD) - coalesce(TG_ARGV, '{}'); END IF;
  IF TG_OP <> 'DELETE' THEN v_new := to_jsonb(NEW) - coalesce(TG_ARGV, '{}'); END IF;
  v_row := coalesce(v_new, v_old);
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, n.value) INTO v_old, v_new
      FROM jsonb_each(v_old) o JOIN jsonb_each(v_new) n USING (key) WHERE o.value IS DISTINCT FROM n.value;
    IF v_old IS NULL THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO public.points_auditevent (context_id, at, table_name, row_id, action, old, new)
    VALUES (public.audit_context_id(), clock_timestamp(), TG_TABLE_NAME, coalesce(v_row ->> 'id', v_row ->> 'code', v_row ->> 'key', ''),
      lower(TG_OP), v_old, v_new);
  RETURN NULL;
END $$;

CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON points_auditevent
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON points_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER audit_context_written_once BEFORE UPDATE OR DELETE ON points_auditcontext
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER audit_context_no_truncate BEFORE TRUNCATE ON points_auditcontext
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE points_auditevent ENABLE ALWAYS TRIGGER audit_event_append_only;
ALTER TABLE points_auditevent ENABLE ALWAYS TRIGGER audit_event_no_truncate;
ALTER TABLE points_auditcontext ENABLE ALWAYS TRIGGER audit_context_written_once;
ALTER TABLE points_auditcontext ENABLE ALWAYS TRIGGER audit_context_no_truncate;
