//! What only groupware has (icq-udp.md §4.7, §9).
