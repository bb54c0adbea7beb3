<?php
/* Run functions of a WordPress site: php wordpress.php SITE, with [[name, argument, ...], ...] on standard input.
   Standard output has what each one gave, as JSON. */

$_SERVER += array('HTTP_HOST' => '127.0.0.1', 'REMOTE_ADDR' => '127.0.0.1', 'REQUEST_URI' => '/');
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/admin.php';

$results = array();
foreach (json_decode(stream_get_contents(STDIN), true) as $call) {
    $results[] = call_user_func_array(array_shift($call), $call);
}
echo json_encode($results);
