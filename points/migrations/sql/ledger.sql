-- The ledger's guards and its only writers.
--
-- How a move is made, always in this order:
--   1. lock the accounts that can be overdrawn, lowest id first
--   2. is the key known? then it is a repetition: same arguments = the first answer, other arguments = refused
--   3. is there room? if not, answer with a code; nothing has been written yet, so nothing has to be undone
--   4. write the journal row, then the balances
-- Locks are only speed: account_never_overdrawn and hold_never_exceeded hold whatever this file says.
-- Expected refusals are codes; RAISE is for calls that no correct program makes.

-- Guards ------------------------------------------------------------------------------------------------------------

ALTER TABLE points_account SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE points_hold SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE points_transfer SET (autovacuum_analyze_scale_factor = 0.02);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % on % is not possible', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE ON points_transfer
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON points_transfer
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER digest_append_only BEFORE UPDATE OR DELETE ON points_digest
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER digest_no_truncate BEFORE TRUNCATE ON points_digest
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER account_kept BEFORE DELETE OR UPDATE OF id, kind, capped, bucket_of, budget_source_id, grant_id, order_id,
    organisation_id, vendor_id, created_at ON points_account
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER account_no_truncate BEFORE TRUNCATE ON points_account
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER hold_kept BEFORE DELETE OR UPDATE OF id, debit, credit, points ON points_hold
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER hold_no_truncate BEFORE TRUNCATE ON points_hold
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
-- also while replicating, i.e. under session_replication_role
ALTER TABLE points_transfer ENABLE ALWAYS TRIGGER transfer_append_only;
ALTER TABLE points_transfer ENABLE ALWAYS TRIGGER transfer_no_truncate;
ALTER TABLE points_digest ENABLE ALWAYS TRIGGER digest_append_only;
ALTER TABLE points_digest ENABLE ALWAYS TRIGGER digest_no_truncate;
ALTER TABLE points_account ENABLE ALWAYS TRIGGER account_kept;
ALTER TABLE points_account ENABLE ALWAYS TRIGGER account_no_truncate;
ALTER TABLE points_hold ENABLE ALWAYS TRIGGER hold_kept;
ALTER TABLE points_hold ENABLE ALWAYS TRIGGER hold_no_truncate;

-- Accounts ----------------------------------------------------------------------------------------------------------

-- Opening an account that exists gives the one that exists: one per grant, per order and kind, per budget source and kind.
CREATE FUNCTION ledger_open(
  p_kind text, p_budget_source bigint, p_grant bigint, p_order bigint, p_organisation bigint, p_vendor bigint, p_buckets int
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_id bigint;
  v_capped boolean := p_kind IN ('budget', 'grant', 'claimable', 'in_claim');
BEGIN
  IF p_kind = 'budget' THEN
    v_id := nextval(pg_get_serial_sequence('public.points_account', 'id'));
  END IF;
  INSERT INTO public.points_account (id, kind, posted_credit, posted_debit, pending_debit, capped, bucket_of,
      budget_source_id, grant_id, order_id, organisation_id, vendor_id)
    VALUES (coalesce(v_id, nextval(pg_get_serial_sequence('public.points_account', 'id'))), p_kind, 0, 0, 0, v_capped, v_id,
      p_budget_source, p_grant, p_order, p_organisation, p_vendor)
    ON CONFLICT DO NOTHING RETURNING id INTO v_id;
  IF NOT FOUND THEN
    SELECT id INTO STRICT v_id FROM public.points_account
      WHERE kind = p_kind AND CASE
        WHEN p_kind IN ('claimable', 'in_claim') THEN order_id = p_order
        WHEN p_kind = 'grant' THEN grant_id = p_grant
        WHEN p_kind = 'budget' THEN budget_source_id = p_budget_source AND bucket_of = id
        ELSE budget_source_id = p_budget_source END;
    RETURN v_id;
  END IF;
  IF p_kind = 'budget' THEN
    INSERT INTO public.points_account (kind, posted_credit, posted_debit, pending_debit, capped, bucket_of, budget_source_id)
      SELECT 'budget', 0, 0, 0, true, v_id, p_budget_source FROM generate_series(2, p_buckets);
  END IF;
  RETURN v_id;
END $$;

-- Many grant accounts at once, in the order of the arrays.
CREATE FUNCTION ledger_open_grants(p_budget_source bigint, p_grants bigint[], p_organisations bigint[])
RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  INSERT INTO public.points_account (kind, posted_credit, posted_debit, pending_debit, capped, budget_source_id, grant_id, organisation_id)
    SELECT 'grant', 0, 0, 0, true, p_budget_source, g, o FROM unnest(p_grants, p_organisations) WITH ORDINALITY u(g, o, n) ORDER BY n
    RETURNING id;
$$;

-- Shared parts (not callable by the application) -----------------------------------------------------------------------

-- Was this key used? Answers (true, transfer, null) for a repetition, (true, null, 'key_reused') for another request.
-- event_at is not compared: a repetition of the same request may be made later.
CREATE FUNCTION ledger_known(
  p_key text, p_operation text, p_debit bigint, p_credit bigint, p_points bigint, p_hold bigint,
  p_reason text, p_cause_type text, p_cause bigint,
  OUT known boolean, OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql AS $$
DECLARE
  t public.points_transfer;
BEGIN
  SELECT * INTO t FROM public.points_transfer WHERE idempotency_key = p_key;
  known := FOUND;
  IF NOT known THEN RETURN; END IF;
  IF (t.operation, t.credit, t.points, t.hold_id, t.reason, t.cause_type, t.cause_id)
      IS NOT DISTINCT FROM (p_operation, p_credit, p_points, p_hold, p_reason, p_cause_type, p_cause)
    AND (t.debit = p_debit OR EXISTS (SELECT 1 FROM public.points_account WHERE id = t.debit AND bucket_of = p_debit))
  THEN transfer_id := t.id;
  ELSE refusal := 'key_reused';
  END IF;
END $$;

-- The flow of a point; anything else is a mistake of the program.
CREATE FUNCTION ledger_flows(p_operation text, p_debit_kind text, p_credit_kind text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_operation, p_debit_kind, p_credit_kind) IN (
    ('appropriate', 'treasury', 'budget'),
    ('grant', 'budget', 'grant'),
    ('lapse', 'grant', 'budget'),
    ('reclaim', 'grant', 'budget'),
    ('claim', 'claimable', 'in_claim'),
    ('return', 'in_claim', 'claimable'),
    ('pay', 'in_claim', 'paid'),
    ('unclaimable', 'claimable', 'unclaimable'),
    ('unclaimable', 'in_claim', 'unclaimable'),
    ('reclaim', 'claimable', 'budget'),
    ('reclaim', 'paid', 'budget')
  );
$$;

-- Move credit from one bucket of a budget to another. The caller holds both locks.
CREATE FUNCTION ledger_shift(p_from bigint, p_to bigint, p_points bigint, p_cause_type text, p_cause bigint, p_event_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_id bigint := nextval(pg_get_serial_sequence('public.points_transfer', 'id'));
BEGIN
  INSERT INTO public.points_transfer (id, idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
    VALUES (v_id, 'rebalance:' || v_id, 'rebalance', p_from, p_to, p_points, 'buckets', p_cause_type, p_cause, p_event_at);
  UPDATE public.points_account SET posted_credit = posted_credit - p_points WHERE id = p_from;
  UPDATE public.points_account SET posted_credit = posted_credit + p_points WHERE id = p_to;
END $$;

-- Give every bucket the same room. The caller holds the locks of all of them.
CREATE FUNCTION ledger_spread(p_budget bigint, p_cause_type text, p_cause bigint, p_event_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_share bigint;
  v_from record;
  v_to record;
  v_points bigint;
BEGIN
  SELECT sum(posted_credit - posted_debit - pending_debit)::bigint / count(*) INTO v_share
    FROM public.points_account WHERE bucket_of = p_budget;
  LOOP  -- each round fills one bucket or empties one surplus, so there are fewer rounds than buckets
    SELECT id, posted_credit - posted_debit - pending_debit - v_share AS much INTO v_from
      FROM public.points_account WHERE bucket_of = p_budget ORDER BY 2 DESC, 1 LIMIT 1;
    SELECT id, v_share - (posted_credit - posted_debit - pending_debit) AS much INTO v_to
      FROM public.points_account WHERE bucket_of = p_budget ORDER BY 2 DESC, 1 LIMIT 1;
    v_points := least(v_from.much, v_to.much);
    EXIT WHEN v_points <= 0;
    PERFORM public.ledger_shift(v_from.id, v_to.id, v_points, p_cause_type, p_cause, p_event_at);
  END LOOP;
END $$;

-- Bring `p_points` of room together in one bucket and answer which. The caller holds all locks and knows that there is enough.
CREATE FUNCTION ledger_gather(p_budget bigint, p_points bigint, p_cause_type text, p_cause bigint, p_event_at timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_target bigint;
  v_room bigint;
  v_other record;
BEGIN
  SELECT id, posted_credit - posted_debit - pending_debit INTO v_target, v_room
    FROM public.points_account WHERE bucket_of = p_budget ORDER BY 2 DESC, 1 LIMIT 1;
  FOR v_other IN
    SELECT id, posted_credit - posted_debit - pending_debit AS room
      FROM public.points_account WHERE bucket_of = p_budget AND id <> v_target ORDER BY 2 DESC, 1
  LOOP
    EXIT WHEN v_room >= p_points;
    PERFORM public.ledger_shift(v_other.id, v_target, least(v_other.room, p_points - v_room), p_cause_type, p_cause, p_event_at);
    v_room := v_room + least(v_other.room, p_points - v_room);
  END LOOP;
  RETURN v_target;
END $$;

-- Moves ---------------------------------------------------------------------------------------------------------------

-- Any single move except holds, captures, releases and grants.
CREATE FUNCTION ledger_transfer(
  p_key text, p_operation text, p_debit bigint, p_credit bigint, p_points bigint,
  p_reason text, p_cause_type text, p_cause bigint, p_event_at timestamptz,
  OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_known boolean;
  d public.points_account;
  c public.points_account;
BEGIN
  PERFORM 1 FROM public.points_account WHERE id IN (p_debit, p_credit) AND capped ORDER BY id FOR NO KEY UPDATE;
  SELECT * INTO v_known, transfer_id, refusal
    FROM public.ledger_known(p_key, p_operation, p_debit, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause);
  IF v_known THEN RETURN; END IF;
  SELECT * INTO d FROM public.points_account WHERE id = p_debit;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  SELECT * INTO c FROM public.points_account WHERE id = p_credit;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  IF NOT public.ledger_flows(p_operation, d.kind, c.kind) OR d.budget_source_id IS DISTINCT FROM c.budget_source_id
    OR (c.kind IN ('claimable', 'in_claim') AND d.order_id IS DISTINCT FROM c.order_id)
  THEN RAISE EXCEPTION 'points do not flow so: % from % % to % %', p_operation, d.kind, d.id, c.kind, c.id; END IF;
  IF d.capped AND d.posted_credit - d.posted_debit - d.pending_debit < p_points THEN refusal := 'insufficient_points'; RETURN; END IF;
  INSERT INTO public.points_transfer (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
    VALUES (p_key, p_operation, p_debit, p_credit, p_points, p_reason, p_cause_type, p_cause, p_event_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id INTO transfer_id;
  IF NOT FOUND THEN  -- the key came at the same moment for other accounts
    SELECT k.transfer_id, k.refusal INTO transfer_id, refusal
      FROM public.ledger_known(p_key, p_operation, p_debit, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause) k;
    RETURN;
  END IF;
  IF d.capped THEN UPDATE public.points_account SET posted_debit = posted_debit + p_points WHERE id = p_debit; END IF;
  IF c.capped THEN UPDATE public.points_account SET posted_credit = posted_credit + p_points WHERE id = p_credit; END IF;
END $$;

-- Money for a budget, spread over its buckets.
CREATE FUNCTION ledger_appropriate(
  p_key text, p_treasury bigint, p_budget bigint, p_points bigint, p_reason text, p_cause_type text, p_cause bigint, p_event_at timestamptz,
  OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.points_account WHERE bucket_of = p_budget ORDER BY id FOR NO KEY UPDATE;
  SELECT t.transfer_id, t.refusal INTO transfer_id, refusal FROM public.ledger_transfer(
    p_key, 'appropriate', p_treasury, p_budget, p_points, p_reason, p_cause_type, p_cause, p_event_at) t;
  IF refusal IS NULL THEN
    PERFORM public.ledger_spread(p_budget, p_cause_type, p_cause, p_event_at);
  END IF;
END $$;

CREATE FUNCTION ledger_rebalance(p_budget bigint, p_event_at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM public.points_account WHERE bucket_of = p_budget ORDER BY id FOR NO KEY UPDATE;
  PERFORM public.ledger_spread(p_budget, 'budget_account', p_budget, p_event_at);
END $$;

-- Points out of a budget. One bucket with room that nobody holds is enough; if there is none, all are locked in order
-- and their room is counted together, so that the last points are given out and nobody is refused while there is enough.
CREATE FUNCTION ledger_grant(
  p_key text, p_budget bigint, p_credit bigint, p_points bigint, p_reason text, p_cause_type text, p_cause bigint, p_event_at timestamptz,
  OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_known boolean;
  v_bucket bigint;
  v_room bigint;
  v_source bigint;
  v_count bigint;
  c public.points_account;
BEGIN
  SELECT * INTO v_known, transfer_id, refusal
    FROM public.ledger_known(p_key, 'grant', p_budget, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause);
  IF v_known THEN RETURN; END IF;
  SELECT * INTO c FROM public.points_account WHERE id = p_credit;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  -- SKIP LOCKED only chooses; whoever finds none decides below under all locks. A bucket that was emptied between the
  -- look and the lock stays locked though it is not chosen: the block gives such locks back, or two who then lock all
  -- buckets in order would wait for each other.
  BEGIN
    SELECT id, budget_source_id INTO STRICT v_bucket, v_source FROM public.points_account
      WHERE bucket_of = p_budget AND posted_credit - posted_debit - pending_debit >= p_points
      ORDER BY (id * 7919 + pg_backend_pid()) % 31 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
  EXCEPTION WHEN no_data_found THEN
    v_bucket := NULL;
  END;
  IF v_bucket IS NULL THEN
    -- what is committed is never less than what will be left of it, so this refuses only when there is not enough, without a lock
    SELECT sum(posted_credit - posted_debit - pending_debit) INTO v_room FROM public.points_account WHERE bucket_of = p_budget;
    IF v_room < p_points AND NOT EXISTS (SELECT 1 FROM public.points_transfer WHERE idempotency_key = p_key)
    THEN refusal := 'insufficient_points'; RETURN; END IF;
    PERFORM 1 FROM public.points_account WHERE bucket_of = p_budget ORDER BY id FOR NO KEY UPDATE;
    IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
    SELECT * INTO v_known, transfer_id, refusal
      FROM public.ledger_known(p_key, 'grant', p_budget, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause);
    IF v_known THEN RETURN; END IF;
    SELECT sum(posted_credit - posted_debit - pending_debit), count(*), min(budget_source_id) INTO v_room, v_count, v_source
      FROM public.points_account WHERE bucket_of = p_budget;
    IF v_room < p_points THEN refusal := 'insufficient_points'; RETURN; END IF;
    IF v_room >= 2 * v_count * p_points THEN PERFORM public.ledger_spread(p_budget, p_cause_type, p_cause, p_event_at); END IF;
    v_bucket := public.ledger_gather(p_budget, p_points, p_cause_type, p_cause, p_event_at);
  END IF;
  IF c.kind <> 'grant' OR c.budget_source_id IS DISTINCT FROM v_source THEN
    RAISE EXCEPTION 'account % takes no grant from budget %', p_credit, p_budget;
  END IF;
  INSERT INTO public.points_transfer (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
    VALUES (p_key, 'grant', v_bucket, p_credit, p_points, p_reason, p_cause_type, p_cause, p_event_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id INTO transfer_id;
  IF NOT FOUND THEN
    SELECT k.transfer_id, k.refusal INTO transfer_id, refusal
      FROM public.ledger_known(p_key, 'grant', p_budget, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause) k;
    RETURN;
  END IF;
  UPDATE public.points_account SET posted_debit = posted_debit + p_points WHERE id = v_bucket;
  UPDATE public.points_account SET posted_credit = posted_credit + p_points WHERE id = p_credit;
END $$;

-- Keep points of a grant for an order. Nothing is posted until a capture.
CREATE FUNCTION ledger_hold(
  p_key text, p_debit bigint, p_credit bigint, p_points bigint, p_reason text, p_cause_type text, p_cause bigint, p_event_at timestamptz,
  OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_known boolean;
  d public.points_account;
  c public.points_account;
BEGIN
  SELECT * INTO d FROM public.points_account WHERE id = p_debit FOR NO KEY UPDATE;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  SELECT * INTO v_known, transfer_id, refusal
    FROM public.ledger_known(p_key, 'hold', p_debit, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause);
  IF v_known THEN RETURN; END IF;
  SELECT * INTO c FROM public.points_account WHERE id = p_credit;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  IF d.kind <> 'grant' OR c.kind <> 'claimable' OR d.budget_source_id IS DISTINCT FROM c.budget_source_id THEN
    RAISE EXCEPTION 'points do not flow so: hold from % % to % %', d.kind, d.id, c.kind, c.id;
  END IF;
  IF d.posted_credit - d.posted_debit - d.pending_debit < p_points THEN refusal := 'insufficient_points'; RETURN; END IF;
  INSERT INTO public.points_transfer (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
    VALUES (p_key, 'hold', p_debit, p_credit, p_points, p_reason, p_cause_type, p_cause, p_event_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id INTO transfer_id;
  IF NOT FOUND THEN
    SELECT k.transfer_id, k.refusal INTO transfer_id, refusal
      FROM public.ledger_known(p_key, 'hold', p_debit, p_credit, p_points, NULL, p_reason, p_cause_type, p_cause) k;
    RETURN;
  END IF;
  INSERT INTO public.points_hold (id, debit, credit, points, captured, released) VALUES (transfer_id, p_debit, p_credit, p_points, 0, 0);
  UPDATE public.points_account SET pending_debit = pending_debit + p_points WHERE id = p_debit;
END $$;

-- Use (capture) or give back (release) part or all of what is left of a hold.
CREATE FUNCTION ledger_settle(
  p_key text, p_operation text, p_hold bigint, p_points bigint, p_reason text, p_cause_type text, p_cause bigint, p_event_at timestamptz,
  OUT transfer_id bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_known boolean;
  h public.points_hold;
  v_captured bigint := CASE WHEN p_operation = 'capture' THEN p_points ELSE 0 END;
BEGIN
  IF p_operation NOT IN ('capture', 'release') THEN RAISE EXCEPTION 'a hold is captured or released, not %', p_operation; END IF;
  SELECT * INTO h FROM public.points_hold WHERE id = p_hold FOR NO KEY UPDATE;
  IF NOT FOUND THEN refusal := 'no_such_hold'; RETURN; END IF;
  SELECT * INTO v_known, transfer_id, refusal
    FROM public.ledger_known(p_key, p_operation, h.debit, h.credit, p_points, p_hold, p_reason, p_cause_type, p_cause);
  IF v_known THEN RETURN; END IF;
  IF h.captured + h.released + p_points > h.points THEN refusal := 'hold_exceeded'; RETURN; END IF;
  INSERT INTO public.points_transfer (idempotency_key, operation, debit, credit, points, hold_id, reason, cause_type, cause_id, event_at)
    VALUES (p_key, p_operation, h.debit, h.credit, p_points, p_hold, p_reason, p_cause_type, p_cause, p_event_at)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id INTO transfer_id;
  IF NOT FOUND THEN
    SELECT k.transfer_id, k.refusal INTO transfer_id, refusal
      FROM public.ledger_known(p_key, p_operation, h.debit, h.credit, p_points, p_hold, p_reason, p_cause_type, p_cause) k;
    RETURN;
  END IF;
  UPDATE public.points_hold SET captured = captured + v_captured, released = released + p_points - v_captured WHERE id = p_hold;
  UPDATE public.points_account SET pending_debit = pending_debit - p_points, posted_debit = posted_debit + v_captured WHERE id = h.debit;
  IF v_captured > 0 THEN
    UPDATE public.points_account SET posted_credit = posted_credit + v_captured WHERE id = h.credit;
  END IF;
END $$;

-- Many at once ----------------------------------------------------------------------------------------------------------

-- Grants to many accounts out of one budget: all of them or none. Answers how many were new.
CREATE FUNCTION ledger_grant_many(
  p_budget bigint, p_keys text[], p_credits bigint[], p_points bigint[], p_reason text, p_cause_type text, p_causes bigint[], p_event_at timestamptz,
  OUT granted bigint, OUT refusal text
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  v_source bigint;
  v_room bigint;
  v_total bigint;
  v_bucket bigint;
  v_written bigint;
BEGIN
  granted := 0;
  PERFORM 1 FROM public.points_account WHERE bucket_of = p_budget ORDER BY id FOR NO KEY UPDATE;
  IF NOT FOUND THEN refusal := 'no_such_account'; RETURN; END IF;
  SELECT sum(posted_credit - posted_debit - pending_debit), min(budget_source_id) INTO v_room, v_source
    FROM public.points_account WHERE bucket_of = p_budget;
  IF EXISTS (SELECT 1 FROM unnest(p_credits) u(id)
      LEFT JOIN public.points_account a ON a.id = u.id AND a.kind = 'grant' AND a.budget_source_id IS NOT DISTINCT FROM v_source
      WHERE a.id IS NULL)
  THEN refusal := 'no_such_account'; RETURN; END IF;
  IF EXISTS (SELECT 1 FROM unnest(p_keys, p_credits, p_points, p_causes) u(k, c, p, cause)
      JOIN public.points_transfer t ON t.idempotency_key = u.k
      WHERE (t.operation, t.credit, t.points, t.reason, t.cause_type, t.cause_id)
        IS DISTINCT FROM ('grant', u.c, u.p, p_reason, p_cause_type, u.cause)
      OR NOT EXISTS (SELECT 1 FROM public.points_account b WHERE b.id = t.debit AND b.bucket_of = p_budget))
  THEN refusal := 'key_reused'; RETURN; END IF;
  SELECT count(*), coalesce(sum(p), 0) INTO granted, v_total FROM unnest(p_keys, p_points) u(k, p)
    WHERE NOT EXISTS (SELECT 1 FROM public.points_transfer t WHERE t.idempotency_key = u.k);
  IF v_total > v_room THEN granted := 0; refusal := 'insufficient_points'; RETURN; END IF;
  IF granted = 0 THEN RETURN; END IF;
  v_bucket := public.ledger_gather(p_budget, v_total, p_cause_type, p_causes[1], p_event_at);
  WITH written AS (
    INSERT INTO public.points_transfer (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
      SELECT k, 'grant', v_bucket, c, p, p_reason, p_cause_type, cause, p_event_at
        FROM unnest(p_keys, p_credits, p_points, p_causes) u(k, c, p, cause)
      ON CONFLICT (idempotency_key) DO NOTHING RETURNING credit, points
  ), credited AS (
    UPDATE public.points_account a SET posted_credit = a.posted_credit + w.points
      FROM (SELECT credit, sum(points)::bigint AS points FROM written GROUP BY credit) w WHERE a.id = w.credit
  )
  SELECT count(*), coalesce(sum(points), 0) INTO v_written, v_room FROM written;
  IF v_written <> granted THEN  -- a key of this list was used elsewhere in the same moment, or twice in the list
    RAISE EXCEPTION 'a key was used twice at once' USING ERRCODE = 'serialization_failure';
  END IF;
  UPDATE public.points_account SET posted_debit = posted_debit + v_total WHERE id = v_bucket;
  PERFORM public.ledger_spread(p_budget, p_cause_type, p_causes[1], p_event_at);
END $$;

-- Whatever is free on each of these grants goes back to its budget. Held points stay. Answers each account and what came back;
-- a key that was used before answers what came back then.
CREATE FUNCTION ledger_lapse_many(
  p_keys text[], p_debits bigint[], p_reason text, p_cause_type text, p_causes bigint[], p_event_at timestamptz
) RETURNS TABLE (account_id bigint, points bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- budgets before grants, as everywhere
  PERFORM 1 FROM public.points_account b WHERE b.kind = 'budget' AND b.bucket_of = b.id AND b.budget_source_id IN (
    SELECT a.budget_source_id FROM public.points_account a WHERE a.id = ANY (p_debits)) ORDER BY b.id FOR NO KEY UPDATE;
  PERFORM 1 FROM public.points_account a WHERE a.id = ANY (p_debits) ORDER BY a.id FOR NO KEY UPDATE;
  RETURN QUERY SELECT t.debit, t.points FROM unnest(p_keys, p_debits) u(k, d)
    JOIN public.points_transfer t ON t.idempotency_key = u.k AND t.operation = 'lapse' AND t.debit = u.d;
  RETURN QUERY
  WITH due AS (
    SELECT u.k, a.id, a.posted_credit - a.posted_debit - a.pending_debit AS room, b.id AS budget, u.cause
      FROM unnest(p_keys, p_debits, p_causes) u(k, d, cause)
      JOIN public.points_account a ON a.id = u.d AND a.kind = 'grant'
      JOIN public.points_account b ON b.kind = 'budget' AND b.bucket_of = b.id AND b.budget_source_id = a.budget_source_id
      WHERE a.posted_credit - a.posted_debit - a.pending_debit > 0
        AND NOT EXISTS (SELECT 1 FROM public.points_transfer t WHERE t.idempotency_key = u.k)
  ), written AS (
    INSERT INTO public.points_transfer AS t (idempotency_key, operation, debit, credit, points, reason, cause_type, cause_id, event_at)
      SELECT k, 'lapse', due.id, due.budget, due.room, p_reason, p_cause_type, due.cause, p_event_at FROM due
      RETURNING t.debit, t.credit, t.points
  ), given AS (
    UPDATE public.points_account a SET posted_debit = a.posted_debit + w.points FROM written w WHERE a.id = w.debit
  ), returned AS (
    UPDATE public.points_account a SET posted_credit = a.posted_credit + w.points
      FROM (SELECT w.credit, sum(w.points)::bigint AS points FROM written w GROUP BY w.credit) w WHERE a.id = w.credit
  )
  SELECT w.debit, w.points FROM written w;
END $$;

-- Digests ---------------------------------------------------------------------------------------------------------------

-- Write down a digest; it must go on from the last one and end below every transaction that is still running.
CREATE FUNCTION ledger_digest(p_from bigint, p_to bigint, p_transfers bigint, p_points bigint, p_previous text, p_sha256 text, p_made_at timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  last public.points_digest;
  v_id bigint;
BEGIN
  LOCK TABLE public.points_digest IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO last FROM public.points_digest ORDER BY to_transaction DESC LIMIT 1;
  IF p_from <> coalesce(last.to_transaction, 0) OR p_previous <> coalesce(last.sha256, '')
    OR p_to > pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  THEN RAISE EXCEPTION 'a digest goes on from the last one and ends below the running transactions'; END IF;
  INSERT INTO public.points_digest (from_transaction, to_transaction, transfers, points, previous, sha256, made_at)
    VALUES (p_from, p_to, p_transfers, p_points, p_previous, p_sha256, p_made_at) RETURNING id INTO v_id;
  RETURN v_id;
END $$;
