-- What filling.py runs: functions first, then one statement for each table.

-- functions
-- They are small enough that PostgreSQL writes them out: calls would take most of the time.
CREATE FUNCTION share(n bigint, salt bigint) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(n, salt) & 4294967295) / 4294967296.0::double precision;

CREATE FUNCTION word(n bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN translate(to_hex(hashint8extended(n, salt) & 268435455), '0123456789', 'ghijklmnop');

-- Milliseconds since 1970 of number n among so many: the last one in a hundred is yet to come.
CREATE FUNCTION moment(n bigint, many bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n * 100 <= many * 99 THEN {began} + n * {length} * 100 / (many * 99)
    ELSE {now} + (n * 100 - many * 99) * 86400000 / many END;

CREATE FUNCTION at(moment bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN to_timestamp(moment / 1000.0::double precision);

CREATE FUNCTION numbered(n bigint, kind bigint, moment bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN (lpad(to_hex(moment), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8'
    || lpad(to_hex(n), 15, '0'))::uuid;

CREATE FUNCTION flow_run_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN numbered(n, 1, least(moment(n, {flow_run}), {now}));

CREATE FUNCTION task_run_id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN numbered(n, 2, least(moment(n, {task_run}), {now}));

CREATE FUNCTION state_type(part double precision, often double precision) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN part > 0.99 THEN 'SCHEDULED' WHEN part > 0.989 THEN 'PENDING'
    WHEN part > 0.987 THEN 'RUNNING' WHEN often < 0.965 THEN 'COMPLETED'
    WHEN often < 0.985 THEN 'FAILED' WHEN often < 0.990 THEN 'CRASHED'
    WHEN often < 0.998 THEN 'CANCELLED' WHEN often < 0.999 THEN 'PAUSED' ELSE 'CANCELLING' END;

CREATE FUNCTION state_name(n bigint, type text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN type = 'SCHEDULED' AND n % 4 = 0 THEN 'Late'
    WHEN type = 'FAILED' AND n % 10 = 0 THEN 'TimedOut' ELSE initcap(type) END;

CREATE FUNCTION tags(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n % 10 < 6 THEN '[]'::jsonb
    WHEN n % 10 < 9 THEN ('["tag-' || floor(share(n, 12) ^ 3 * 500)::bigint::text || '"]')::jsonb
    ELSE ('["nightly", "tag-' || floor(share(n, 12) ^ 3 * 500)::bigint::text || '"]')::jsonb END;

-- flow
INSERT INTO flow (id, workspace_id, name, tags, labels, created, updated)
SELECT numbered(n, 3, {began}), '{workspace}', 'flow-' || word(n, 3) || n, tags(n), '{{}}',
    at({began} + n * 1000), at({began} + n * 2000)
FROM generate_series(0, {small} - 1::bigint) n;

-- deployment
INSERT INTO deployment (id, workspace_id, flow_id, name, version, tags, labels, parameters,
    enforce_parameter_schema, job_variables, work_pool_id, work_queue_id, work_queue_name,
    concurrency_limit, concurrency_limit_id, paused, status, created, updated)
SELECT numbered(n, 4, {began}), '{workspace}', numbered(n / 2, 3, {began}),
    'deployment-' || word(n, 4) || n, 'v' || n % 7, tags(n), '{{}}', '{{}}', true, '{{}}',
    numbered(n % 20, 5, {began}), numbered(n % 60, 6, {began}), 'queue-' || n % 60,
    CASE WHEN n % 10 = 0 THEN 1 + n % 50 END, numbered(n, 20, {began}), n % 50 = 0, 'READY',
    at({began} + n * 1000), at({began} + n * 2000)
FROM generate_series(0, {small} - 1::bigint) n;

-- work_pool
INSERT INTO work_pool (id, workspace_id, name, type, base_job_template, storage_configuration,
    status, created, updated)
SELECT numbered(n, 5, {began}), '{workspace}', 'pool-' || n,
    (ARRAY['process', 'docker', 'kubernetes'])[1 + n % 3], '{{}}', '{{}}', 'READY', at({began}), at({began})
FROM generate_series(0, 19) n;

-- work_queue
INSERT INTO work_queue (id, workspace_id, work_pool_id, name, priority, status, created, updated)
SELECT numbered(n, 6, {began}), '{workspace}', numbered(n % 20, 5, {began}), 'queue-' || n,
    1 + n / 20, 'READY', at({began}), at({began})
FROM generate_series(0, 59) n;

-- worker
INSERT INTO worker (id, workspace_id, work_pool_id, name, status, last_heartbeat_time, created,
    updated)
SELECT numbered(n, 7, {began}), '{workspace}', numbered(n % 20, 5, {began}), 'worker-' || n,
    CASE WHEN n % 4 = 0 THEN 'OFFLINE' ELSE 'ONLINE' END, at({now}), at({began}), at({began})
FROM generate_series(0, 199) n;

-- variable
INSERT INTO variable (id, workspace_id, name, value, tags, created, updated)
SELECT numbered(n, 8, {began}), '{workspace}', 'variable_' || word(n, 8) || n, '1', tags(n),
    at({began} + n * 1000), at({began} + n * 2000)
FROM generate_series(0, {small} - 1::bigint) n;

-- automation
INSERT INTO automation (id, workspace_id, name, description, enabled, tags, trigger, actions,
    actions_on_trigger, actions_on_resolve, created, updated)
SELECT numbered(n, 9, {began}), '{workspace}', 'automation-' || word(n, 9) || n, '', true, tags(n),
    '{{}}', '[]', '[]', '[]', at({began} + n * 1000), at({began} + n * 2000)
FROM generate_series(0, {small} - 1::bigint) n;

-- block_type
INSERT INTO block_type (id, workspace_id, name, slug, is_protected, created, updated)
SELECT numbered(n, 17, {began}), '{workspace}', 'Type ' || n, 'type-' || n, false, at({began}), at({began})
FROM generate_series(0, 99) n;

-- block_schema
INSERT INTO block_schema (id, workspace_id, block_type_id, checksum, version, fields, capabilities,
    created, updated)
SELECT numbered(n, 18, {began}), '{workspace}', numbered(n % 100, 17, {began}), 'sha256:' || n,
    '3.' || n % 9, '{{}}', '["storage"]', at({began}), at({began})
FROM generate_series(0, 399) n;

-- block_document
INSERT INTO block_document (id, workspace_id, block_type_id, block_schema_id, name, data,
    is_anonymous, created, updated)
SELECT numbered(n, 19, {began}), '{workspace}', numbered(n % 100, 17, {began}),
    numbered(n % 400, 18, {began}), 'document-' || word(n, 19) || n, '{{}}', n % 50 = 0, at({began}),
    at({began})
FROM generate_series(0, {small} - 1::bigint) n;

-- artifact
INSERT INTO artifact (id, workspace_id, key, type, data, flow_run_id, task_run_id, created, updated)
SELECT numbered(n, 10, ms), '{workspace}', CASE WHEN n % 3 > 0 THEN 'key-' || word(n % 500, 10) END,
    (ARRAY['markdown', 'table', 'link', 'result'])[1 + n % 4], '1', flow_run_id(n * 40 + 1),
    CASE WHEN n % 2 = 0 THEN task_run_id(n * 40 + 1) END, at(ms), at(ms)
FROM (SELECT n, moment(n, {small}) AS ms FROM generate_series(0, {small} - 1::bigint) n OFFSET 0) x;

-- artifact_collection
INSERT INTO artifact_collection (id, workspace_id, key, latest_id, type, data, flow_run_id,
    task_run_id, created, updated)
SELECT numbered(n, 11, ms), '{workspace}', 'key-' || word(n, 10) || n, numbered(n, 10, ms),
    (ARRAY['markdown', 'table', 'link', 'result'])[1 + n % 4], '1', flow_run_id(n * 40 + 1),
    CASE WHEN n % 2 = 0 THEN task_run_id(n * 40 + 1) END, at(ms), at(ms)
FROM (SELECT n, moment(n, {small}) AS ms FROM generate_series(0, {small} - 1::bigint) n OFFSET 0) x;

-- flow_run
INSERT INTO flow_run (id, workspace_id, flow_id, deployment_id, work_pool_id, work_queue_id,
    parent_task_run_id, flow_version, idempotency_key, parameters, context, job_variables,
    auto_scheduled, created_by, name, tags, labels, empirical_policy, run_count,
    expected_start_time, next_scheduled_start_time, start_time, end_time, total_run_time,
    state_id, state_type, state_name, state_timestamp, state_details, created, updated)
SELECT flow_run_id(n), '{workspace}',
    CASE WHEN u < 0.9 THEN numbered(d / 2, 3, {began})
        ELSE numbered({small} / 2 + d / 2, 3, {began}) END,
    CASE WHEN u < 0.9 THEN numbered(d, 4, {began}) END,
    CASE WHEN u < 0.9 THEN numbered(d % 20, 5, {began}) END,
    CASE WHEN u < 0.9 THEN numbered(d % 60, 6, {began}) END,
    CASE WHEN share(n, 3) < 0.002 THEN task_run_id(n - n % 3) END,
    CASE WHEN share(n, 4) < 0.9 THEN md5((d % 2000)::text) END,
    CASE WHEN u < 0.7 THEN 'scheduled ' || d || ' ' || n END,
    '{{}}', '{{}}', '{{}}', u < 0.7,
    CASE WHEN u < 0.7 THEN ('{{"id": "' || numbered(d, 12, {began})
        || '", "type": "SCHEDULE", "display_value": "RRuleSchedule"}}')::jsonb END,
    word(n, 20) || '-' || word(n, 21), tags(n), '{{}}', '{{}}', 1, at(ms),
    CASE WHEN type = 'SCHEDULED' THEN at(ms) END,
    CASE WHEN type NOT IN ('SCHEDULED', 'PENDING') THEN at(ms) + v * interval '1 minute' END,
    CASE WHEN type IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
        THEN at(ms) + (1 + 60 * v) * interval '1 minute' END,
    60, numbered(n, 13, ms), type, state_name(n, type),
    at(least(ms, {now})) + v * interval '1 hour', '{{}}', at(least(ms, {now})), at(least(ms, {now}))
FROM (SELECT n, moment(n, {flow_run}) AS ms, share(n, 1) AS u, share(n, 6) AS v,
    state_type(n / {flow_run}.0, share(n, 2)) AS type,
    floor(share(n, 7) ^ 3 * {small})::bigint AS d FROM generate_series(1, {flow_run}::bigint) n OFFSET 0) x;

-- task_run
INSERT INTO task_run (id, workspace_id, flow_run_id, task_key, dynamic_key, cache_key,
    task_inputs, flow_run_run_count, name, tags, labels, empirical_policy, run_count,
    expected_start_time, next_scheduled_start_time, start_time, end_time, total_run_time,
    state_id, state_type, state_name, state_timestamp, state_details, created, updated)
SELECT task_run_id(n), '{workspace}',
    CASE WHEN u < 0.02 THEN flow_run_id(1 + n % 50) WHEN u < 0.97 THEN flow_run_id(n) END,
    'task-' || n % 900, n::text, CASE WHEN share(n, 2) < 0.2 THEN md5(n::text) END,
    '{{}}', 1, 'task-' || n % 900 || '-' || word(n, 22), tags(n + 7), '{{}}', '{{}}', 1, at(ms),
    CASE WHEN type = 'SCHEDULED' THEN at(ms) END,
    CASE WHEN type NOT IN ('SCHEDULED', 'PENDING') THEN at(ms) + v * interval '1 minute' END,
    CASE WHEN type IN ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
        THEN at(ms) + (1 + 60 * v) * interval '1 minute' END,
    60, numbered(n, 14, ms), type, state_name(n, type),
    at(least(ms, {now})) + v * interval '1 hour', '{{}}', at(least(ms, {now})), at(least(ms, {now}))
FROM (SELECT n, moment(n, {task_run}) AS ms, share(n, 1) AS u, share(n, 6) AS v,
    state_type(n / {task_run}.0, share(n, 8)) AS type
    FROM generate_series(1, {task_run}::bigint) n OFFSET 0) x;

-- log
INSERT INTO log (day, id, workspace_id, name, level, message, timestamp, flow_run_id, task_run_id)
SELECT at(ms)::date, numbered(n, 15, ms), '{workspace}',
    CASE WHEN n % 3 = 0 THEN 'prefect.flow_runs' ELSE 'prefect.task_runs' END,
    (ARRAY[10, 20, 20, 20, 20, 20, 20, 20, 30, 40])[1 + n % 10],
    'Finished ' || word(n, 23) || ' in state Completed()', at(ms), flow_run_id(run),
    CASE WHEN n % 3 > 0 THEN task_run_id(run) END
FROM (SELECT n, {began} + n * {length} / {log} AS ms,
    1 + floor(share(n, 9) ^ 2 * ({flow_run} - 1))::bigint AS run
    FROM generate_series(1, {log}::bigint) n OFFSET 0) x;

-- event
INSERT INTO event (day, id, workspace_id, occurred, received, event, resource_id, resource, related,
    resource_ids, payload)
SELECT at(ms)::date, numbered(n, 16, ms), '{workspace}', at(ms), at(ms),
    'prefect.' || kind || '.' || (ARRAY['Pending', 'Running', 'Completed', 'Failed'])[1 + n % 4],
    own, ('{{"prefect.resource.id": "' || own || '", "prefect.resource.name": "' || word(n, 20)
        || '", "prefect.state-type": "COMPLETED"}}')::jsonb,
    ('[{{"prefect.resource.id": "' || flow || '", "prefect.resource.role": "flow"}},'
        || '{{"prefect.resource.id": "' || tag || '", "prefect.resource.role": "tag"}}]')::jsonb,
    ARRAY[own, flow, tag], '{{"validated_state": {{"type": "COMPLETED"}}}}'
FROM (SELECT n, ms, kind, 'prefect.' || kind || '.' || numbered(n, 1, ms) AS own,
    'prefect.flow.' || numbered(d / 2, 3, {began}) AS flow, 'prefect.tag.tag-' || d % 500 AS tag
    FROM (SELECT n, {began} + n * {length} / {event} AS ms,
        floor(share(n, 7) ^ 3 * {small})::bigint AS d,
        CASE WHEN n % 10 < 3 THEN 'flow-run' ELSE 'task-run' END AS kind
        FROM generate_series(1, {event}::bigint) n OFFSET 0) y OFFSET 0) x;
