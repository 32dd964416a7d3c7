DROP TRIGGER audit_event_append_only ON points_auditevent;
DROP TRIGGER audit_event_no_truncate ON points_auditevent;
DROP TRIGGER audit_context_written_once ON points_auditcontext;
DROP TRIGGER audit_context_no_truncate ON points_auditcontext;
DROP FUNCTION audit_write CASCADE;
DROP FUNCTION audit_context_id;
