-- Allocations that stand: booked and not taken back. Each question is asked of one row by its key,
-- never as a join of tables: that is as fast where a planner knows nothing of them yet.
CREATE VIEW standing_allocation AS
SELECT a.id, a.line_id, a.no, a.cents, a.pupil_id, a.school_id, a.account_id, a.kind, a.rule,
       a.of_line_id, a.attempt_id, a.at_us,
       (SELECT e.id FROM entry e WHERE e.epoch = 2 AND e.seq = a.seq AND e.origin_id = (
          SELECT b.origin_id FROM bank_account b WHERE b.id = a.bank_account_id)) AS entry_id
FROM allocation a
WHERE (SELECT r.id FROM entry r WHERE r.reverses = (
         SELECT e.id FROM entry e WHERE e.epoch = 2 AND e.seq = a.seq AND e.origin_id = (
           SELECT b.origin_id FROM bank_account b WHERE b.id = a.bank_account_id))) IS NULL;
