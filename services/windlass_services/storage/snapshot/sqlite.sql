CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE artifact (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	"key" TEXT,
	type TEXT,
	description TEXT,
	data JSON,
	metadata_ JSON,
	flow_run_id CHAR(32),
	task_run_id CHAR(32),
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_artifact PRIMARY KEY (id)
);
CREATE TABLE artifact_collection (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	"key" TEXT NOT NULL,
	latest_id CHAR(32) NOT NULL,
	type TEXT,
	description TEXT,
	data JSON,
	metadata_ JSON,
	flow_run_id CHAR(32),
	task_run_id CHAR(32),
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_artifact_collection PRIMARY KEY (id),
	CONSTRAINT uq_artifact_collection__workspace_id_key UNIQUE (workspace_id, "key")
);
CREATE TABLE automation (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	enabled BOOLEAN NOT NULL,
	tags JSON NOT NULL,
	"trigger" JSON NOT NULL,
	actions JSON NOT NULL,
	actions_on_trigger JSON NOT NULL,
	actions_on_resolve JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_automation PRIMARY KEY (id)
);
CREATE TABLE automation_related_resource (
	automation_id CHAR(32) NOT NULL,
	resource_id TEXT NOT NULL,
	owned_by_resource BOOLEAN NOT NULL,
	CONSTRAINT pk_automation_related_resource PRIMARY KEY (automation_id, resource_id)
);
CREATE TABLE block_document (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	block_type_id CHAR(32) NOT NULL,
	block_schema_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	data JSON NOT NULL,
	is_anonymous BOOLEAN NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_block_document PRIMARY KEY (id),
	CONSTRAINT uq_block_document__workspace_id_block_type_id_name UNIQUE (workspace_id, block_type_id, name)
);
CREATE TABLE block_document_reference (
	parent_block_document_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	reference_block_document_id CHAR(32) NOT NULL,
	CONSTRAINT pk_block_document_reference PRIMARY KEY (parent_block_document_id, name)
);
CREATE TABLE block_schema (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	block_type_id CHAR(32) NOT NULL,
	checksum TEXT NOT NULL,
	version TEXT NOT NULL,
	fields JSON NOT NULL,
	capabilities JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_block_schema PRIMARY KEY (id),
	CONSTRAINT uq_block_schema__workspace_id_checksum_version UNIQUE (workspace_id, checksum, version)
);
CREATE TABLE block_schema_reference (
	parent_block_schema_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	reference_block_schema_id CHAR(32) NOT NULL,
	CONSTRAINT pk_block_schema_reference PRIMARY KEY (parent_block_schema_id, name, reference_block_schema_id)
);
CREATE TABLE block_type (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	slug TEXT NOT NULL,
	logo_url TEXT,
	documentation_url TEXT,
	description TEXT,
	code_example TEXT,
	is_protected BOOLEAN NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_block_type PRIMARY KEY (id),
	CONSTRAINT uq_block_type__workspace_id_slug UNIQUE (workspace_id, slug)
);
CREATE TABLE concurrency_limit (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	"limit" INTEGER NOT NULL,
	active BOOLEAN NOT NULL,
	unleased_slots FLOAT DEFAULT '0' NOT NULL,
	denied_slots FLOAT DEFAULT '0' NOT NULL,
	slot_decay_per_second FLOAT NOT NULL,
	avg_slot_occupancy_seconds FLOAT NOT NULL,
	decayed_until BIGINT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_concurrency_limit PRIMARY KEY (id),
	CONSTRAINT uq_concurrency_limit__workspace_id_name UNIQUE (workspace_id, name)
);
CREATE TABLE configuration (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	"key" TEXT NOT NULL,
	value JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_configuration PRIMARY KEY (id),
	CONSTRAINT uq_configuration__workspace_id_key UNIQUE (workspace_id, "key")
);
CREATE TABLE consumer_progress (
	topic TEXT NOT NULL,
	consumer_group TEXT NOT NULL,
	finished_until BIGINT NOT NULL,
	epoch TEXT,
	CONSTRAINT pk_consumer_progress PRIMARY KEY (topic, consumer_group)
);
CREATE TABLE csrf_token (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	client TEXT NOT NULL,
	token TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_csrf_token PRIMARY KEY (id),
	CONSTRAINT uq_csrf_token__workspace_id_client UNIQUE (workspace_id, client)
);
CREATE TABLE deletion (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	kind TEXT NOT NULL,
	object_id CHAR(32) NOT NULL,
	created BIGINT NOT NULL,
	CONSTRAINT pk_deletion PRIMARY KEY (id)
);
CREATE TABLE deployment (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	version TEXT,
	version_info JSON,
	description TEXT,
	tags JSON NOT NULL,
	labels JSON NOT NULL,
	parameters JSON NOT NULL,
	parameter_openapi_schema JSON,
	enforce_parameter_schema BOOLEAN NOT NULL,
	path TEXT,
	entrypoint TEXT,
	branch TEXT,
	base CHAR(32),
	root CHAR(32),
	pull_steps JSON,
	job_variables JSON NOT NULL,
	work_pool_id CHAR(32),
	work_queue_id CHAR(32),
	work_queue_name TEXT,
	storage_document_id CHAR(32),
	infrastructure_document_id CHAR(32),
	concurrency_limit INTEGER,
	concurrency_limit_id CHAR(32),
	concurrency_options JSON,
	paused BOOLEAN DEFAULT 0 NOT NULL,
	status TEXT NOT NULL,
	last_polled BIGINT,
	created_by JSON,
	updated_by JSON,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL, infrastructure_retry JSON, catch_up JSON,
	CONSTRAINT pk_deployment PRIMARY KEY (id),
	CONSTRAINT uq_deployment__workspace_id_flow_id_name UNIQUE (workspace_id, flow_id, name)
);
CREATE TABLE deployment_schedule (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	deployment_id CHAR(32) NOT NULL,
	schedule JSON NOT NULL,
	fingerprint TEXT NOT NULL,
	active BOOLEAN NOT NULL,
	slug TEXT,
	parameters JSON NOT NULL,
	max_scheduled_runs INTEGER,
	replaces TEXT,
	scheduled_until BIGINT,
	next_look BIGINT,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_deployment_schedule PRIMARY KEY (id),
	CONSTRAINT uq_deployment_schedule__deployment_id_slug UNIQUE (deployment_id, slug)
);
CREATE TABLE dispatchable (
	flow_run_id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	work_pool_id CHAR(32) NOT NULL,
	work_queue_id CHAR(32) NOT NULL,
	deployment_id CHAR(32),
	run_priority INTEGER DEFAULT '0' NOT NULL,
	rank BIGINT NOT NULL,
	due_at BIGINT NOT NULL,
	CONSTRAINT pk_dispatchable PRIMARY KEY (flow_run_id)
);
CREATE TABLE event (
	day DATE NOT NULL,
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	occurred BIGINT NOT NULL,
	received BIGINT NOT NULL,
	event TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	resource JSON NOT NULL,
	related JSON NOT NULL,
	resource_ids JSON NOT NULL,
	payload JSON NOT NULL,
	follows CHAR(32),
	CONSTRAINT pk_event PRIMARY KEY (day, id)
);
CREATE TABLE execution (
	id TEXT NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_run_id CHAR(32) NOT NULL,
	generation INTEGER NOT NULL,
	deployment_id CHAR(32),
	work_pool_id CHAR(32),
	work_queue_id CHAR(32),
	worker_name TEXT,
	request_id CHAR(32),
	opened_at BIGINT NOT NULL,
	start_deadline BIGINT,
	presented_at BIGINT,
	leased BOOLEAN DEFAULT 0 NOT NULL,
	lease_expires_at BIGINT,
	handle JSON,
	ended_at BIGINT,
	exit_code INTEGER,
	end_reason TEXT,
	CONSTRAINT pk_execution PRIMARY KEY (id),
	CONSTRAINT uq_execution__flow_run_id_generation UNIQUE (flow_run_id, generation)
);
CREATE TABLE flow (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	tags JSON NOT NULL,
	labels JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_flow PRIMARY KEY (id),
	CONSTRAINT uq_flow__workspace_id_name UNIQUE (workspace_id, name)
);
CREATE TABLE flow_run (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_id CHAR(32) NOT NULL,
	deployment_id CHAR(32),
	deployment_version TEXT,
	schedule_id CHAR(32),
	work_pool_id CHAR(32),
	work_queue_id CHAR(32),
	parent_task_run_id CHAR(32),
	flow_version TEXT,
	idempotency_key TEXT,
	parameters JSON NOT NULL,
	context JSON NOT NULL,
	job_variables JSON NOT NULL,
	infrastructure_document_id CHAR(32),
	infrastructure_pid TEXT,
	auto_scheduled BOOLEAN DEFAULT 0 NOT NULL,
	created_by JSON,
	name TEXT NOT NULL,
	tags JSON NOT NULL,
	labels JSON NOT NULL,
	empirical_policy JSON NOT NULL,
	run_count INTEGER DEFAULT '0' NOT NULL,
	expected_start_time BIGINT,
	next_scheduled_start_time BIGINT,
	start_time BIGINT,
	end_time BIGINT,
	total_run_time FLOAT DEFAULT '0' NOT NULL,
	state_id CHAR(32),
	state_type TEXT,
	state_name TEXT,
	state_timestamp BIGINT,
	state_message TEXT,
	state_details JSON,
	state_data JSON,
	execution_id TEXT,
	execution_generation INTEGER DEFAULT '0' NOT NULL,
	run_priority INTEGER DEFAULT '0' NOT NULL,
	blocking_reason TEXT,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_flow_run PRIMARY KEY (id),
	CONSTRAINT uq_flow_run__workspace_id_flow_id_idempotency_key UNIQUE (workspace_id, flow_id, idempotency_key)
);
CREATE TRIGGER flow_run_counted_delete AFTER DELETE ON flow_run BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (OLD.workspace_id, 'flow_run', OLD.state_type, -1); END;
CREATE TRIGGER flow_run_counted_insert AFTER INSERT ON flow_run BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (NEW.workspace_id, 'flow_run', NEW.state_type, 1); END;
CREATE TRIGGER flow_run_counted_update AFTER UPDATE OF state_type ON flow_run WHEN OLD.state_type IS NOT NEW.state_type BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (OLD.workspace_id, 'flow_run', OLD.state_type, -1), (NEW.workspace_id, 'flow_run', NEW.state_type, 1); END;
CREATE TABLE flow_run_input (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_run_id CHAR(32) NOT NULL,
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	sender TEXT,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_flow_run_input PRIMARY KEY (id),
	CONSTRAINT uq_flow_run_input__flow_run_id_key UNIQUE (flow_run_id, "key")
);
CREATE TABLE flow_run_state (
	day DATE NOT NULL,
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_run_id CHAR(32) NOT NULL,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	timestamp BIGINT NOT NULL,
	message TEXT,
	state_details JSON,
	data JSON,
	execution_id TEXT,
	created BIGINT NOT NULL,
	CONSTRAINT pk_flow_run_state PRIMARY KEY (day, id)
);
CREATE TABLE log (
	day DATE NOT NULL,
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	level SMALLINT NOT NULL,
	message TEXT NOT NULL,
	timestamp BIGINT NOT NULL,
	flow_run_id CHAR(32),
	task_run_id CHAR(32),
	worker_id CHAR(32),
	CONSTRAINT pk_log PRIMARY KEY (day, id)
);
CREATE TABLE outbox (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	kind TEXT NOT NULL,
	body JSON NOT NULL,
	created BIGINT NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id)
);
CREATE TABLE partition_lease (
	topic TEXT NOT NULL,
	consumer_group TEXT NOT NULL,
	partition INTEGER NOT NULL,
	owner TEXT NOT NULL,
	generation BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_partition_lease PRIMARY KEY (topic, consumer_group, partition)
);
CREATE TABLE run_count (
	id INTEGER NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	runs_of TEXT NOT NULL,
	state_type TEXT,
	runs BIGINT NOT NULL,
	CONSTRAINT pk_run_count PRIMARY KEY (id)
);
CREATE TABLE saved_search (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	filters JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_saved_search PRIMARY KEY (id),
	CONSTRAINT uq_saved_search__workspace_id_name UNIQUE (workspace_id, name)
);
CREATE TABLE service_beat (
	instance_id CHAR(32) NOT NULL,
	service TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	beat_at BIGINT NOT NULL,
	details JSON NOT NULL,
	CONSTRAINT pk_service_beat PRIMARY KEY (instance_id)
);
CREATE TABLE slot_lease (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	concurrency_limit_id CHAR(32) NOT NULL,
	slots INTEGER NOT NULL,
	holder JSON,
	acquired_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_slot_lease PRIMARY KEY (id, concurrency_limit_id)
);
CREATE TABLE task_delivery (
	task_run_id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	task_key TEXT NOT NULL,
	task_parameters_id CHAR(32),
	due BIGINT NOT NULL,
	worker TEXT,
	subscription_id CHAR(32),
	is_acknowledged BOOLEAN DEFAULT 0 NOT NULL,
	expires_at BIGINT,
	CONSTRAINT pk_task_delivery PRIMARY KEY (task_run_id)
);
CREATE TABLE task_run (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_run_id CHAR(32),
	task_key TEXT NOT NULL,
	dynamic_key TEXT NOT NULL,
	cache_key TEXT,
	cache_expiration BIGINT,
	task_version TEXT,
	task_inputs JSON NOT NULL,
	flow_run_run_count INTEGER DEFAULT '0' NOT NULL,
	name TEXT NOT NULL,
	tags JSON NOT NULL,
	labels JSON NOT NULL,
	empirical_policy JSON NOT NULL,
	run_count INTEGER DEFAULT '0' NOT NULL,
	expected_start_time BIGINT,
	next_scheduled_start_time BIGINT,
	start_time BIGINT,
	end_time BIGINT,
	total_run_time FLOAT DEFAULT '0' NOT NULL,
	state_id CHAR(32),
	state_type TEXT,
	state_name TEXT,
	state_timestamp BIGINT,
	state_message TEXT,
	state_details JSON,
	state_data JSON,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_task_run PRIMARY KEY (id),
	CONSTRAINT uq_task_run__workspace_id_flow_run_id_task_key_dynamic_key UNIQUE (workspace_id, flow_run_id, task_key, dynamic_key)
);
CREATE TRIGGER task_run_counted_delete AFTER DELETE ON task_run BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (OLD.workspace_id, 'task_run', OLD.state_type, -1); END;
CREATE TRIGGER task_run_counted_insert AFTER INSERT ON task_run BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (NEW.workspace_id, 'task_run', NEW.state_type, 1); END;
CREATE TRIGGER task_run_counted_update AFTER UPDATE OF state_type ON task_run WHEN OLD.state_type IS NOT NEW.state_type BEGIN INSERT INTO run_count (workspace_id, runs_of, state_type, runs) VALUES (OLD.workspace_id, 'task_run', OLD.state_type, -1), (NEW.workspace_id, 'task_run', NEW.state_type, 1); END;
CREATE TABLE task_run_state (
	day DATE NOT NULL,
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	task_run_id CHAR(32) NOT NULL,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	timestamp BIGINT NOT NULL,
	message TEXT,
	state_details JSON,
	data JSON,
	created BIGINT NOT NULL,
	CONSTRAINT pk_task_run_state PRIMARY KEY (day, id)
);
CREATE TABLE task_worker (
	workspace_id CHAR(32) NOT NULL,
	identifier TEXT NOT NULL,
	task_keys JSON NOT NULL,
	last_seen BIGINT NOT NULL,
	CONSTRAINT pk_task_worker PRIMARY KEY (identifier)
);
CREATE TABLE teardown (
	execution_id TEXT NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	flow_run_id CHAR(32) NOT NULL,
	work_pool_id CHAR(32) NOT NULL,
	handle JSON NOT NULL,
	attempts INTEGER NOT NULL,
	next_attempt_at BIGINT NOT NULL,
	last_error TEXT,
	given_up_at BIGINT,
	created BIGINT NOT NULL,
	CONSTRAINT pk_teardown PRIMARY KEY (execution_id)
);
CREATE TABLE trigger_bucket (
	automation_id CHAR(32) NOT NULL,
	trigger_id CHAR(32) NOT NULL,
	"key" TEXT NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	counted JSON NOT NULL,
	window_start BIGINT,
	due BIGINT,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_trigger_bucket PRIMARY KEY (automation_id, trigger_id, "key"),
	CONSTRAINT fk_trigger_bucket__automation_id FOREIGN KEY(automation_id) REFERENCES automation (id) ON DELETE CASCADE
);
CREATE TABLE unpublished (
	id CHAR(32) NOT NULL,
	since BIGINT NOT NULL,
	until BIGINT NOT NULL,
	CONSTRAINT pk_unpublished PRIMARY KEY (id)
);
CREATE TABLE variable (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	value JSON NOT NULL,
	tags JSON NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_variable PRIMARY KEY (id),
	CONSTRAINT uq_variable__workspace_id_name UNIQUE (workspace_id, name)
);
CREATE TABLE work_pool (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	description TEXT,
	base_job_template JSON NOT NULL,
	is_paused BOOLEAN DEFAULT 0 NOT NULL,
	concurrency_limit INTEGER,
	default_queue_id CHAR(32),
	storage_configuration JSON NOT NULL,
	status TEXT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL, infrastructure_retry JSON,
	CONSTRAINT pk_work_pool PRIMARY KEY (id),
	CONSTRAINT uq_work_pool__workspace_id_name UNIQUE (workspace_id, name)
);
CREATE TABLE work_queue (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	work_pool_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	description TEXT,
	priority INTEGER NOT NULL,
	is_paused BOOLEAN DEFAULT 0 NOT NULL,
	concurrency_limit INTEGER,
	filter JSON,
	status TEXT NOT NULL,
	last_polled BIGINT,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_work_queue PRIMARY KEY (id),
	CONSTRAINT uq_work_queue__work_pool_id_name UNIQUE (work_pool_id, name)
);
CREATE TABLE worker (
	id CHAR(32) NOT NULL,
	workspace_id CHAR(32) NOT NULL,
	work_pool_id CHAR(32) NOT NULL,
	name TEXT NOT NULL,
	status TEXT NOT NULL,
	last_heartbeat_time BIGINT NOT NULL,
	heartbeat_interval_seconds INTEGER,
	metadata JSON,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_worker PRIMARY KEY (id),
	CONSTRAINT uq_worker__work_pool_id_name UNIQUE (work_pool_id, name)
);
CREATE INDEX ix_artifact__flow_run_id ON artifact (flow_run_id);
CREATE INDEX ix_artifact__task_run_id ON artifact (task_run_id);
CREATE INDEX ix_artifact__workspace_id_created_id ON artifact (workspace_id, created, id);
CREATE INDEX ix_artifact__workspace_id_key_created_id ON artifact (workspace_id, "key", created, id);
CREATE INDEX ix_artifact__workspace_id_updated_id ON artifact (workspace_id, updated, id);
CREATE INDEX ix_artifact_collection__latest_id ON artifact_collection (latest_id);
CREATE INDEX ix_artifact_collection__workspace_id_created_id ON artifact_collection (workspace_id, created, id);
CREATE INDEX ix_artifact_collection__workspace_id_updated_id ON artifact_collection (workspace_id, updated, id);
CREATE INDEX ix_automation__workspace_id_created_id ON automation (workspace_id, created, id);
CREATE INDEX ix_automation__workspace_id_name_id ON automation (workspace_id, name, id);
CREATE INDEX ix_automation__workspace_id_updated_id ON automation (workspace_id, updated, id);
CREATE INDEX ix_automation_related_resource__resource_id ON automation_related_resource (resource_id);
CREATE INDEX ix_block_document__block_schema_id ON block_document (block_schema_id);
CREATE INDEX ix_block_document__workspace_id_created_id ON block_document (workspace_id, created, id);
CREATE INDEX ix_block_document__workspace_id_name_id ON block_document (workspace_id, name, id);
CREATE INDEX ix_block_document_reference__reference_block_document_id ON block_document_reference (reference_block_document_id);
CREATE INDEX ix_block_schema__block_type_id_created_id ON block_schema (block_type_id, created, id);
CREATE INDEX ix_block_schema__workspace_id_created_id ON block_schema (workspace_id, created, id);
CREATE INDEX ix_block_schema_reference__reference_block_schema_id ON block_schema_reference (reference_block_schema_id);
CREATE INDEX ix_block_type__workspace_id_name_id ON block_type (workspace_id, name, id);
CREATE INDEX ix_concurrency_limit__workspace_id_created_id ON concurrency_limit (workspace_id, created, id);
CREATE INDEX ix_csrf_token__expires_at ON csrf_token (expires_at);
CREATE INDEX ix_deletion__object_id ON deletion (object_id);
CREATE INDEX ix_deployment__catch_up ON deployment (id) WHERE catch_up IS NOT NULL;
CREATE INDEX ix_deployment__work_pool_id ON deployment (work_pool_id);
CREATE INDEX ix_deployment__work_queue_id ON deployment (work_queue_id);
CREATE INDEX ix_deployment__workspace_id_created_id ON deployment (workspace_id, created, id);
CREATE INDEX ix_deployment__workspace_id_name_id ON deployment (workspace_id, name, id);
CREATE INDEX ix_deployment__workspace_id_updated_id ON deployment (workspace_id, updated, id);
CREATE INDEX ix_deployment_schedule__next_look ON deployment_schedule (next_look) WHERE active;
CREATE INDEX ix_deployment_schedule__workspace_id_deployment_id ON deployment_schedule (workspace_id, deployment_id);
CREATE INDEX ix_dispatchable__arrivals ON dispatchable (work_queue_id, due_at) WHERE rank >= 4611686018427387904;
CREATE INDEX ix_dispatchable__held_back ON dispatchable (deployment_id, run_priority, rank) WHERE rank >= 4611686018427387904 AND rank < 9223372036854775807;
CREATE INDEX ix_dispatchable__work_pool_id_due_at ON dispatchable (work_pool_id, due_at);
CREATE INDEX ix_dispatchable__work_queue_id_deployment_id_run_priority_rank ON dispatchable (work_queue_id, deployment_id, run_priority, rank) WHERE rank < 4611686018427387904;
CREATE INDEX ix_dispatchable__work_queue_id_due_at ON dispatchable (work_queue_id, due_at);
CREATE INDEX ix_dispatchable__work_queue_id_run_priority_rank ON dispatchable (work_queue_id, run_priority, rank) WHERE rank < 4611686018427387904;
CREATE INDEX ix_event__received_id ON event (received, id);
CREATE INDEX ix_event__workspace_id_event_occurred ON event (workspace_id, event, occurred);
CREATE INDEX ix_event__workspace_id_occurred_id ON event (workspace_id, occurred, id);
CREATE INDEX ix_event__workspace_id_resource_id_occurred ON event (workspace_id, resource_id, occurred);
CREATE INDEX ix_execution__lease ON execution (lease_expires_at) WHERE ended_at IS NULL AND leased;
CREATE INDEX ix_execution__live_deployment ON execution (deployment_id) WHERE ended_at IS NULL;
CREATE INDEX ix_execution__live_pool ON execution (work_pool_id, work_queue_id) WHERE ended_at IS NULL;
CREATE INDEX ix_execution__request_id ON execution (request_id);
CREATE INDEX ix_execution__start_deadline ON execution (start_deadline) WHERE ended_at IS NULL AND presented_at IS NULL;
CREATE INDEX ix_flow__workspace_id_created_id ON flow (workspace_id, created, id);
CREATE INDEX ix_flow_run__deployment_scheduled ON flow_run (deployment_id, next_scheduled_start_time) WHERE state_type = 'SCHEDULED';
CREATE INDEX ix_flow_run__next_scheduled ON flow_run (next_scheduled_start_time) WHERE state_type = 'SCHEDULED';
CREATE INDEX ix_flow_run__workspace_id_deployment_id_id ON flow_run (workspace_id, deployment_id, id) WHERE deployment_id IS NOT NULL;
CREATE INDEX ix_flow_run__workspace_id_end_time_id ON flow_run (workspace_id, end_time, id);
CREATE INDEX ix_flow_run__workspace_id_expected_start_time_id ON flow_run (workspace_id, expected_start_time, id);
CREATE INDEX ix_flow_run__workspace_id_flow_id_id ON flow_run (workspace_id, flow_id, id);
CREATE INDEX ix_flow_run__workspace_id_flow_version ON flow_run (workspace_id, flow_version) WHERE flow_version IS NOT NULL;
CREATE INDEX ix_flow_run__workspace_id_id ON flow_run (workspace_id, id);
CREATE INDEX ix_flow_run__workspace_id_idempotency_key ON flow_run (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX ix_flow_run__workspace_id_name_id ON flow_run (workspace_id, name, id);
CREATE INDEX ix_flow_run__workspace_id_next_scheduled_start_time_id ON flow_run (workspace_id, next_scheduled_start_time, id);
CREATE INDEX ix_flow_run__workspace_id_parent_task_run_id ON flow_run (workspace_id, parent_task_run_id) WHERE parent_task_run_id IS NOT NULL;
CREATE INDEX ix_flow_run__workspace_id_start_time_id ON flow_run (workspace_id, start_time, id);
CREATE INDEX ix_flow_run__workspace_id_state_name_state_timestamp ON flow_run (workspace_id, state_name, state_timestamp);
CREATE INDEX ix_flow_run__workspace_id_state_type_state_timestamp ON flow_run (workspace_id, state_type, state_timestamp);
CREATE INDEX ix_flow_run__workspace_id_work_pool_id_state_type ON flow_run (workspace_id, work_pool_id, state_type) WHERE work_pool_id IS NOT NULL;
CREATE INDEX ix_flow_run__workspace_id_work_queue_id_id ON flow_run (workspace_id, work_queue_id, id) WHERE work_queue_id IS NOT NULL;
CREATE INDEX ix_flow_run_state__flow_run_id_timestamp ON flow_run_state (flow_run_id, timestamp);
CREATE INDEX ix_log__errors ON log (workspace_id, level, timestamp) WHERE level >= 40;
CREATE INDEX ix_log__flow_run_id_timestamp ON log (flow_run_id, timestamp);
CREATE INDEX ix_log__task_run_id_timestamp ON log (task_run_id, timestamp);
CREATE INDEX ix_log__workspace_id_timestamp_id ON log (workspace_id, timestamp, id);
CREATE INDEX ix_slot_lease__concurrency_limit_id_expires_at ON slot_lease (concurrency_limit_id, expires_at);
CREATE INDEX ix_slot_lease__expires_at ON slot_lease (expires_at);
CREATE INDEX ix_task_delivery__expires_at ON task_delivery (expires_at);
CREATE INDEX ix_task_delivery__worker ON task_delivery (worker);
CREATE INDEX ix_task_delivery__workspace_id_task_key_due ON task_delivery (workspace_id, task_key, due) WHERE worker IS NULL;
CREATE INDEX ix_task_run__workspace_id_cache_key_state_timestamp ON task_run (workspace_id, cache_key, state_timestamp) WHERE cache_key IS NOT NULL;
CREATE INDEX ix_task_run__workspace_id_end_time_id ON task_run (workspace_id, end_time, id);
CREATE INDEX ix_task_run__workspace_id_expected_start_time_id ON task_run (workspace_id, expected_start_time, id);
CREATE INDEX ix_task_run__workspace_id_flow_run_id_id ON task_run (workspace_id, flow_run_id, id);
CREATE INDEX ix_task_run__workspace_id_id ON task_run (workspace_id, id);
CREATE INDEX ix_task_run__workspace_id_name_id ON task_run (workspace_id, name, id);
CREATE INDEX ix_task_run__workspace_id_next_scheduled_start_time_id ON task_run (workspace_id, next_scheduled_start_time, id);
CREATE INDEX ix_task_run__workspace_id_start_time_id ON task_run (workspace_id, start_time, id);
CREATE INDEX ix_task_run__workspace_id_state_name_state_timestamp ON task_run (workspace_id, state_name, state_timestamp);
CREATE INDEX ix_task_run__workspace_id_state_type_state_timestamp ON task_run (workspace_id, state_type, state_timestamp);
CREATE INDEX ix_task_run_state__task_run_id_timestamp ON task_run_state (task_run_id, timestamp);
CREATE INDEX ix_teardown__work_pool_id_next_attempt_at ON teardown (work_pool_id, next_attempt_at) WHERE given_up_at IS NULL;
CREATE INDEX ix_trigger_bucket__due ON trigger_bucket (due) WHERE due IS NOT NULL;
CREATE INDEX ix_variable__workspace_id_created_id ON variable (workspace_id, created, id);
CREATE INDEX ix_variable__workspace_id_updated_id ON variable (workspace_id, updated, id);
CREATE INDEX ix_work_queue__workspace_id_name ON work_queue (workspace_id, name);
CREATE INDEX ix_worker__status_last_heartbeat_time ON worker (status, last_heartbeat_time);
INSERT INTO alembic_version VALUES ('0005_0');
