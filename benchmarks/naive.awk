# naive.py in the language that is made for it: fields, and whoever published last on a topic is who it came from.
$3 == "PUBLISH" {
    topic = $10; size = substr($12, 2); sizes[topic] += size
    if ($2 == "Received") { last[topic] = $5; published[$5, topic]++ }
    else delivered[last[topic], topic, $5]++
}
END {
    for (edge in published) print edge, published[edge]
    for (edge in delivered) print edge, delivered[edge]
}
