"""A released model in use: what it is asked now against what it learnt, and what people said.

`drift` and `truth` measure, `report` holds, `monitoring` puts together and judges; `page` and
`gauges` show. What people said goes on through `cases` (into the behavioural checks) and
`new_data` (into the next version of the data set).
"""
