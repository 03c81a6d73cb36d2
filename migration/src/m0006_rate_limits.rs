//! Counters shared by all replicas, reached only through `rate_limit_hit`.

crate::sql_migration!("m0006_rate_limits");

// A sliding-window counter: the previous window counts by the share of it that still lies inside the last `window` seconds.
// One guarded upsert, so that parallel calls on a limit of n let exactly n through; a refused call is not counted.
const UP: &str = r"
CREATE TABLE rate_limits (
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 200),
  window_start timestamptz NOT NULL,
  count integer NOT NULL CHECK (count > 0),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (key, window_start)
);
CREATE INDEX rate_limits_expires_at_idx ON rate_limits (expires_at);
ALTER TABLE rate_limits ENABLE ROW LEVEL SECURITY;

CREATE FUNCTION rate_limit_hit(p_key text, p_limit integer, p_window_seconds integer)
RETURNS TABLE (allowed boolean, retry_after integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_now double precision := extract(epoch FROM clock_timestamp());
  v_start double precision := floor(v_now / p_window_seconds) * p_window_seconds;
  v_gone double precision := (v_now - v_start) / p_window_seconds;
  v_previous integer;
  v_count integer;
  v_spare integer;
  v_wait double precision;
BEGIN
  DELETE FROM rate_limits WHERE ctid IN (
    SELECT ctid FROM rate_limits WHERE expires_at < now() ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED);
  SELECT count INTO v_previous FROM rate_limits
    WHERE key = p_key AND window_start = to_timestamp(v_start - p_window_seconds);
  v_previous := coalesce(v_previous, 0);
  IF p_limit - v_previous * (1 - v_gone) >= 1 THEN
    INSERT INTO rate_limits AS r (key, window_start, count, expires_at)
    VALUES (p_key, to_timestamp(v_start), 1, to_timestamp(v_start + 2 * p_window_seconds))
    ON CONFLICT (key, window_start) DO UPDATE SET count = r.count + 1
      WHERE r.count + v_previous * (1 - v_gone) + 1 <= p_limit
    RETURNING r.count INTO v_count;
  END IF;
  IF v_count IS NOT NULL THEN
    RETURN QUERY SELECT true, 0;
    RETURN;
  END IF;
  -- When the next use would pass: as soon as the previous window has faded enough, or, when this window alone is full, that
  -- much into the next one, where this one is the previous.
  SELECT count INTO v_count FROM rate_limits WHERE key = p_key AND window_start = to_timestamp(v_start);
  v_count := coalesce(v_count, 0);
  v_spare := p_limit - 1 - v_count;
  v_wait := CASE WHEN v_spare >= 0
    THEN 1 - v_spare::double precision / greatest(v_previous, 1) - v_gone
    ELSE 1 - v_gone + greatest(0, 1 - (p_limit - 1)::double precision / greatest(v_count, 1)) END;
  RETURN QUERY SELECT false, greatest(1, ceil(p_window_seconds * v_wait))::integer;
END $$;
REVOKE EXECUTE ON FUNCTION rate_limit_hit(text, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rate_limit_hit(text, integer, integer) TO agentry_app;
";

const DOWN: &str = r"
DROP FUNCTION rate_limit_hit(text, integer, integer);
DROP TABLE rate_limits;
";
