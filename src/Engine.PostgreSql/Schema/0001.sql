-- What the journal keeps: docs/formats/postgresql.md. The word in braces is the schema's name.

CREATE TABLE {schema}.store (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id bytea NOT NULL CHECK (octet_length(id) = 16)
);

CREATE TABLE {schema}.shard (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    number integer NOT NULL CHECK (number BETWEEN 0 AND 65535),
    fence bigint NOT NULL DEFAULT 0,            -- rises with each owner
    turn bigint NOT NULL DEFAULT 0,             -- rises when the owner settles an unknown outcome: what was sent before comes too late
    truncated bigint NOT NULL DEFAULT 0,
    ended bigint NOT NULL DEFAULT 0,
    tail_bytes bigint NOT NULL DEFAULT 0,
    UNIQUE (name, number)
) WITH (fillfactor = 50);                       -- each flush updates rows of it in place

CREATE TABLE {schema}.log (
    shard integer NOT NULL,
    position bigint NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (shard, position)
) PARTITION BY HASH (shard);

CREATE TABLE {schema}.entry (
    shard integer NOT NULL,
    kind smallint NOT NULL,
    key bytea NOT NULL CHECK (octet_length(key) <= 64),
    value bytea NOT NULL,
    PRIMARY KEY (shard, kind, key)
) PARTITION BY HASH (shard);

-- Parts keep a vacuum small, and each of them beside the others' inserts. Sealed bytes do not compress.
DO $$
BEGIN
    FOR part IN 0..15 LOOP
        EXECUTE format('CREATE TABLE {schema}.log_%1$s PARTITION OF {schema}.log FOR VALUES WITH (MODULUS 16, REMAINDER %1$s)
            WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_threshold = -1)', part);
        EXECUTE format('CREATE TABLE {schema}.entry_%1$s PARTITION OF {schema}.entry FOR VALUES WITH (MODULUS 16, REMAINDER %1$s)
            WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)', part);
        EXECUTE format('ALTER TABLE {schema}.log_%1$s ALTER COLUMN record SET STORAGE EXTERNAL', part);
        EXECUTE format('ALTER TABLE {schema}.entry_%1$s ALTER COLUMN value SET STORAGE EXTERNAL', part);
    END LOOP;
END $$;

-- Takes a shard over.
CREATE FUNCTION {schema}.acquire(shard_name text, shard_number integer)
RETURNS TABLE (id integer, fence bigint, turn bigint, truncated bigint, ended bigint, tail_bytes bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    INSERT INTO {schema}.shard (name, number) VALUES (shard_name, shard_number) ON CONFLICT (name, number) DO NOTHING;
    RETURN QUERY UPDATE {schema}.shard s SET fence = s.fence + 1, turn = s.turn + 1
        WHERE s.name = shard_name AND s.number = shard_number
        RETURNING s.id, s.fence, s.turn, s.truncated, s.ended, s.tail_bytes;
END $$;

-- Waits for what an owner sent before, shows its outcome, and refuses what comes later than this.
CREATE FUNCTION {schema}.settle(shard_id integer, owner_fence bigint)
RETURNS TABLE (fence bigint, turn bigint, truncated bigint, ended bigint, tail_bytes bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    RETURN QUERY UPDATE {schema}.shard s SET turn = s.turn + CASE WHEN s.fence = owner_fence THEN 1 ELSE 0 END
        WHERE s.id = shard_id
        RETURNING s.fence, s.turn, s.truncated, s.ended, s.tail_bytes;
END $$;

-- A server or role that answers before its log is on the disk does not do so here.
CREATE FUNCTION {schema}.be_durable() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
END $$;

-- Applies many shards' commits in one transaction. Commit i: shards[i] ascending, and a shard's own in their order. positions[i] is null
-- without a record, truncations[i] without a truncation. row_commits tells whose the rows are; a null value deletes.
-- verdict: 0 applied, 1 fenced, 2 out of order, 3 truncates beyond the end, 4 follows one that was refused, 5 too late: settled since.
CREATE FUNCTION {schema}.apply(
    shards integer[], fences bigint[], turns bigint[], positions bigint[], records bytea[], truncations bigint[],
    row_commits integer[], row_kinds smallint[], row_keys bytea[], row_values bytea[])
RETURNS TABLE (verdict smallint, fence bigint, ended bigint, tail_bytes bigint)
LANGUAGE plpgsql AS $$
DECLARE
    count integer := cardinality(shards);
    verdicts smallint[] := array_fill(0::smallint, ARRAY[cardinality(shards)]);
    fences_found bigint[] := fences;
    ends_found bigint[] := fences;
    tails bigint[] := fences;
    current {schema}.shard;
    has_current boolean := false;
    refused_fence bigint;
    first integer := 1;
    through bigint;
    added bigint;
    dropped bigint;
BEGIN
    PERFORM {schema}.be_durable();
    PERFORM 1 FROM {schema}.shard s WHERE s.id = ANY (shards) ORDER BY s.id FOR NO KEY UPDATE;

    FOR i IN 1..count LOOP
        IF i = 1 OR shards[i] <> shards[i - 1] THEN
            SELECT * INTO current FROM {schema}.shard s WHERE s.id = shards[i];
            refused_fence := NULL;
        END IF;

        fences_found[i] := coalesce(current.fence, 0);
        ends_found[i] := coalesce(current.ended, 0);
        IF current.fence IS DISTINCT FROM fences[i] THEN
            verdicts[i] := 1;
        ELSIF current.turn <> turns[i] THEN
            verdicts[i] := 5;
        ELSIF refused_fence = fences[i] THEN
            verdicts[i] := 4;
        ELSIF positions[i] <> current.ended + 1 THEN
            verdicts[i] := 2;
        ELSIF truncations[i] > coalesce(positions[i], current.ended) THEN
            verdicts[i] := 3;
        ELSE
            current.ended := coalesce(positions[i], current.ended);
            current.truncated := greatest(current.truncated, truncations[i]);
        END IF;

        IF verdicts[i] IN (2, 3) THEN
            refused_fence := fences[i];
        END IF;

        IF i = count OR shards[i + 1] <> shards[i] THEN
            INSERT INTO {schema}.log (shard, position, record)
                SELECT shards[i], c.position, c.record
                FROM unnest(positions[first:i], records[first:i], verdicts[first:i]) AS c (position, record, verdict)
                WHERE c.verdict = 0 AND c.position IS NOT NULL;
            SELECT coalesce(sum(octet_length(c.record)), 0) INTO added
                FROM unnest(positions[first:i], records[first:i], verdicts[first:i]) AS c (position, record, verdict)
                WHERE c.verdict = 0 AND c.position IS NOT NULL;
            dropped := 0;
            SELECT s.truncated INTO through FROM {schema}.shard s WHERE s.id = shards[i];
            IF current.truncated > through THEN
                WITH gone AS (
                    DELETE FROM {schema}.log l WHERE l.shard = shards[i] AND l.position <= current.truncated
                    RETURNING octet_length(l.record) AS size)
                SELECT coalesce(sum(gone.size), 0) INTO dropped FROM gone;
            END IF;

            current.tail_bytes := current.tail_bytes + added - dropped;
            tails[i] := current.tail_bytes;
            IF 0 = ANY (verdicts[first:i]) THEN
                UPDATE {schema}.shard s
                    SET ended = current.ended, truncated = current.truncated, tail_bytes = current.tail_bytes
                    WHERE s.id = shards[i];
            END IF;

            first := i + 1;
        END IF;
    END LOOP;

    IF cardinality(row_commits) > 0 THEN
        WITH last AS (
            SELECT DISTINCT ON (shards[r.of], r.kind, r.key) shards[r.of] AS shard, r.kind, r.key, r.value
            FROM unnest(row_commits, row_kinds, row_keys, row_values) WITH ORDINALITY AS r (of, kind, key, value, place)
            WHERE verdicts[r.of] = 0
            ORDER BY shards[r.of], r.kind, r.key, r.place DESC),
        deleted AS (
            DELETE FROM {schema}.entry e USING last
            WHERE last.value IS NULL AND e.shard = last.shard AND e.kind = last.kind AND e.key = last.key)
        INSERT INTO {schema}.entry AS e (shard, kind, key, value)
            SELECT last.shard, last.kind, last.key, last.value FROM last WHERE last.value IS NOT NULL
        ON CONFLICT (shard, kind, key) DO UPDATE SET value = excluded.value;
    END IF;

    RETURN QUERY SELECT * FROM unnest(verdicts, fences_found, ends_found, tails);
END $$;
