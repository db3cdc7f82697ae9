-- What a cluster keeps: docs/formats/postgresql.md. The word in braces is the schema's name.

CREATE TABLE {schema}.cluster (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    name text NOT NULL,
    lease interval NOT NULL CHECK (lease >= '1 second'),
    incarnations bigint NOT NULL DEFAULT 0,     -- rises with each join
    plan_version bigint NOT NULL DEFAULT 0,     -- rises with each plan that changes something
    term bigint NOT NULL DEFAULT 0,             -- rises with each allocator: the fence of plans
    allocator text,
    allocator_priority integer NOT NULL DEFAULT 0,
    allocator_until timestamptz
) WITH (fillfactor = 50);

CREATE TABLE {schema}.shard_group (
    name text PRIMARY KEY,
    count integer NOT NULL CHECK (count BETWEEN 1 AND 65536),
    role text
);

CREATE TABLE {schema}.member (
    node text PRIMARY KEY,
    incarnation bigint NOT NULL,
    state smallint NOT NULL CHECK (state IN (1, 2, 3, 5)),  -- joining, up, leaving, down; 4, unreachable, is seen from lease_until
    lease_until timestamptz NOT NULL,
    address text NOT NULL,
    roles text[] NOT NULL,
    weight integer NOT NULL CHECK (weight BETWEEN 1 AND 1000),
    version text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE {schema}.plan (
    name text NOT NULL,
    number integer NOT NULL,
    node text,
    load double precision,
    changed_in xid8 NOT NULL,
    PRIMARY KEY (name, number)
) WITH (fillfactor = 80);
CREATE INDEX plan_changed ON {schema}.plan (changed_in);

CREATE TABLE {schema}.wish (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node text NOT NULL,
    name text,                                  -- null drains the node
    number integer,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((name IS NULL) = (number IS NULL))
);

-- Owner and fence change together. Commits change neither, so that their updates stay in place.
ALTER TABLE {schema}.shard ADD COLUMN owner text, ADD COLUMN owner_incarnation bigint, ADD COLUMN changed_in xid8 NOT NULL DEFAULT '0';
CREATE INDEX shard_owner ON {schema}.shard (owner) WHERE owner IS NOT NULL;
CREATE INDEX shard_changed ON {schema}.shard (changed_in);

-- Wakes who listens, once this transaction is committed. Nobody depends on it.
CREATE FUNCTION {schema}.wake() RETURNS void
LANGUAGE sql AS $$ SELECT pg_notify('kyberium {schema}', '') $$;

-- Takes a shard over for a store without nodes. Beside nodes that live, this would take it from under them: no row then.
CREATE OR REPLACE FUNCTION {schema}.acquire(shard_name text, shard_number integer)
RETURNS TABLE (id integer, fence bigint, turn bigint, truncated bigint, ended bigint, tail_bytes bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    IF EXISTS (SELECT FROM {schema}.member m WHERE m.lease_until > clock_timestamp()) THEN
        RETURN;
    END IF;

    INSERT INTO {schema}.shard (name, number) VALUES (shard_name, shard_number) ON CONFLICT (name, number) DO NOTHING;
    RETURN QUERY UPDATE {schema}.shard s
        SET fence = s.fence + 1, turn = s.turn + 1, owner = NULL, owner_incarnation = NULL, changed_in = pg_current_xact_id()
        WHERE s.name = shard_name AND s.number = shard_number
        RETURNING s.id, s.fence, s.turn, s.truncated, s.ended, s.tail_bytes;
END $$;

-- Takes a shard over for a node. verdict: 0 taken, 1 the node has no lease, 2 the shard is another's or not planned for the node.
CREATE FUNCTION {schema}.acquire_leased(shard_name text, shard_number integer, node_name text, node_incarnation bigint)
RETURNS TABLE (id integer, fence bigint, turn bigint, truncated bigint, ended bigint, tail_bytes bigint, verdict smallint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();

    -- Held to the end: nobody can find this lease over before the shard has its owner.
    PERFORM FROM {schema}.member m WHERE m.node = node_name AND m.incarnation = node_incarnation AND m.state <> 5
        AND m.lease_until > clock_timestamp() FOR SHARE;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 0, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 1::smallint;
        RETURN;
    END IF;

    INSERT INTO {schema}.shard (name, number) VALUES (shard_name, shard_number) ON CONFLICT (name, number) DO NOTHING;
    RETURN QUERY UPDATE {schema}.shard s
        SET fence = s.fence + 1, turn = s.turn + 1, owner = node_name, owner_incarnation = node_incarnation, changed_in = pg_current_xact_id()
        WHERE s.name = shard_name AND s.number = shard_number
            AND (s.owner IS NULL OR (s.owner = node_name AND s.owner_incarnation = node_incarnation))
            AND EXISTS (SELECT FROM {schema}.plan p WHERE p.name = shard_name AND p.number = shard_number AND p.node = node_name)
        RETURNING s.id, s.fence, s.turn, s.truncated, s.ended, s.tail_bytes, 0::smallint;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 0, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 2::smallint;
    END IF;
END $$;

-- Gives shards back whose last commits are durable; those with another fence are another's and stay.
CREATE FUNCTION {schema}.release(shard_name text, shard_number integer, owner_fence bigint, node_name text, node_incarnation bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    UPDATE {schema}.shard s SET owner = NULL, owner_incarnation = NULL, changed_in = pg_current_xact_id()
        WHERE s.name = shard_name AND s.number = shard_number AND s.fence = owner_fence
            AND s.owner = node_name AND s.owner_incarnation = node_incarnation;
    PERFORM {schema}.wake();
END $$;

-- Takes shards from those whose lease is over: the fence rises, so that nothing they still send takes effect.
CREATE FUNCTION {schema}.free_shards(of_nodes text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM {schema}.shard s WHERE s.owner = ANY (of_nodes) ORDER BY s.id FOR NO KEY UPDATE;
    UPDATE {schema}.shard s
        SET fence = s.fence + 1, turn = s.turn + 1, owner = NULL, owner_incarnation = NULL, changed_in = pg_current_xact_id()
        WHERE s.owner = ANY (of_nodes);
END $$;

-- Makes a node a member, and the cluster when it is the first. previous: the incarnation that it had in this process; it has stopped all that was
-- under it. verdict: 0 joined, 1 the cluster has another name, 2 other groups, 3 a node of this name has a lease for wait_millis yet.
CREATE FUNCTION {schema}.join_cluster(
    cluster_name text, lease_length interval, group_names text[], group_counts integer[], group_roles text[],
    node_name text, previous bigint, node_address text, node_roles text[], node_weight integer, node_version text)
RETURNS TABLE (verdict smallint, incarnation bigint, lease_millis bigint, wait_millis bigint)
LANGUAGE plpgsql AS $$
DECLARE
    facts {schema}.cluster;
    old {schema}.member;
    given bigint;
BEGIN
    PERFORM {schema}.be_durable();
    INSERT INTO {schema}.cluster (name, lease) VALUES (cluster_name, lease_length) ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO {schema}.shard_group (name, count, role) SELECT * FROM unnest(group_names, group_counts, group_roles);
    END IF;

    SELECT * INTO facts FROM {schema}.cluster FOR UPDATE;
    SELECT * INTO old FROM {schema}.member m WHERE m.node = node_name FOR UPDATE;
    given := extract(epoch FROM facts.lease) * 1000;
    IF facts.name <> cluster_name THEN
        RETURN QUERY SELECT 1::smallint, 0::bigint, given, 0::bigint;
    ELSIF EXISTS (
        SELECT FROM {schema}.shard_group g FULL JOIN unnest(group_names, group_counts, group_roles) AS w (name, count, role) ON g.name = w.name
        WHERE (g.count, g.role) IS DISTINCT FROM (w.count, w.role)) THEN
        RETURN QUERY SELECT 2::smallint, 0::bigint, given, 0::bigint;
    ELSIF old.lease_until > clock_timestamp() AND old.incarnation <> previous THEN
        RETURN QUERY SELECT 3::smallint, old.incarnation, given, 1 + (extract(epoch FROM old.lease_until - clock_timestamp()) * 1000)::bigint;
    ELSE
        UPDATE {schema}.cluster c SET incarnations = c.incarnations + 1 RETURNING c.incarnations INTO given;
        INSERT INTO {schema}.member (node, incarnation, state, lease_until, address, roles, weight, version)
            VALUES (node_name, given, 1, clock_timestamp() + facts.lease, node_address, node_roles, node_weight, node_version)
            ON CONFLICT (node) DO UPDATE SET incarnation = excluded.incarnation, state = excluded.state, lease_until = excluded.lease_until,
                address = excluded.address, roles = excluded.roles, weight = excluded.weight, version = excluded.version;
        PERFORM {schema}.free_shards(ARRAY[node_name]);
        PERFORM {schema}.wake();
        RETURN QUERY SELECT 0::smallint, given, (extract(epoch FROM facts.lease) * 1000)::bigint, 0::bigint;
    END IF;
END $$;

-- Renews a node's lease, and with it those of all its shards. False when it is over or was taken: then the node joins anew.
CREATE FUNCTION {schema}.renew(node_name text, node_incarnation bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    UPDATE {schema}.member m SET lease_until = clock_timestamp() + (SELECT c.lease FROM {schema}.cluster c)
        WHERE m.node = node_name AND m.incarnation = node_incarnation AND m.state <> 5 AND m.lease_until > clock_timestamp();
    RETURN FOUND;
END $$;

-- What a node says of itself, or an operator of it: leaving (3) or down (5). A lease that is under way ends by itself: it was promised.
CREATE FUNCTION {schema}.turn_member(node_name text, node_incarnation bigint, new_state smallint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    has_turned boolean;
BEGIN
    PERFORM {schema}.be_durable();
    UPDATE {schema}.member m SET state = new_state
        WHERE m.node = node_name AND m.incarnation = coalesce(node_incarnation, m.incarnation) AND m.state < new_state;
    has_turned := FOUND;
    PERFORM {schema}.wake();
    RETURN has_turned;
END $$;

-- Ends the lease of a node that has stopped everything and says so itself.
CREATE FUNCTION {schema}.depart(node_name text, node_incarnation bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM {schema}.be_durable();
    UPDATE {schema}.member m SET state = 5, lease_until = clock_timestamp()
        WHERE m.node = node_name AND m.incarnation = node_incarnation AND (m.state <> 5 OR m.lease_until > clock_timestamp());
    IF FOUND THEN
        PERFORM {schema}.free_shards(ARRAY[node_name]);
    END IF;

    PERFORM {schema}.wake();
END $$;

-- Takes or keeps the allocator's lease; gives its term, or null when another holds it.
CREATE FUNCTION {schema}.hold_allocator(holder text, priority integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
BEGIN
    UPDATE {schema}.cluster c
        SET term = c.term + CASE WHEN c.allocator IS DISTINCT FROM holder THEN 1 ELSE 0 END,
            allocator = holder, allocator_priority = priority, allocator_until = clock_timestamp() + c.lease
        WHERE c.allocator IS NULL OR c.allocator = holder OR c.allocator_until <= clock_timestamp() OR c.allocator_priority < priority
        RETURNING c.term INTO held;
    RETURN held;
END $$;

-- The allocator's housework: who joined is up, whose lease is over is down and loses its shards, who was down for long is forgotten.
CREATE FUNCTION {schema}.attend(allocator_term bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    over text[];
BEGIN
    PERFORM {schema}.be_durable();
    PERFORM FROM {schema}.cluster c WHERE c.term = allocator_term FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    UPDATE {schema}.member m SET state = 2 WHERE m.state = 1 AND m.lease_until > clock_timestamp();

    -- A renewal or acquisition that holds the row was in time; the next round looks again.
    SELECT coalesce(array_agg(o.node), '{}') INTO over FROM (
        SELECT m.node FROM {schema}.member m WHERE m.lease_until <= clock_timestamp() ORDER BY m.node FOR UPDATE SKIP LOCKED) AS o;
    UPDATE {schema}.member m SET state = 5 WHERE m.node = ANY (over) AND m.state <> 5;
    PERFORM {schema}.free_shards(over);
    WITH forgotten AS (
        DELETE FROM {schema}.member m WHERE m.node = ANY (over) AND m.lease_until <= clock_timestamp() - interval '10 minutes' RETURNING m.node)
    DELETE FROM {schema}.wish w USING forgotten f WHERE w.node = f.node;
    RETURN true;
END $$;

-- Writes what changed in the plan, under the allocator's term; gives the plan's version, or null when another allocates.
CREATE FUNCTION {schema}.write_plan(allocator_term bigint, shard_names text[], shard_numbers integer[], nodes text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM {schema}.be_durable();
    UPDATE {schema}.cluster c SET plan_version = c.plan_version + 1 WHERE c.term = allocator_term RETURNING c.plan_version INTO made;
    IF FOUND THEN
        INSERT INTO {schema}.plan (name, number, node, changed_in)
            SELECT w.name, w.number, w.node, pg_current_xact_id() FROM unnest(shard_names, shard_numbers, nodes) AS w (name, number, node)
            ON CONFLICT (name, number) DO UPDATE SET node = excluded.node, changed_in = excluded.changed_in;
        PERFORM {schema}.wake();
    END IF;

    RETURN made;
END $$;

-- Notes what shards weigh. No change of the plan: nobody reads it for this.
CREATE FUNCTION {schema}.report_loads(shard_names text[], shard_numbers integer[], loads double precision[]) RETURNS void
LANGUAGE sql AS $$
    UPDATE {schema}.plan p SET load = r.load FROM unnest(shard_names, shard_numbers, loads) AS r (name, number, load)
    WHERE p.name = r.name AND p.number = r.number
$$;
