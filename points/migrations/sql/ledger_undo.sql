DROP FUNCTION ledger_digest, ledger_lapse_many, ledger_grant_many, ledger_settle, ledger_hold, ledger_grant, ledger_rebalance,
  ledger_appropriate, ledger_transfer, ledger_gather, ledger_spread, ledger_shift, ledger_flows, ledger_known, ledger_open_grants, ledger_open;
DROP FUNCTION ledger_refuse_change CASCADE;
